package io.statebridge.daemon.cli;

import io.statebridge.proto.v1.WatchContainersResponse;
import java.util.ArrayList;
import java.util.List;

/** One row a change, below a header; progress marks tell people nothing and are left out. */
final class WatchTable implements WatchPrinter {
  private static final List<String> HEADER = row("TYPE", "REVISION", ContainerRow.HEADER);

  private final Terminal terminal;
  private final Columns columns = new Columns(HEADER.size()).fit(HEADER);
  private boolean headerPrinted;

  WatchTable(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public void print(WatchContainersResponse change) {
    if (change.getType() == WatchContainersResponse.Type.PROGRESS) {
      return;
    }
    String type = change.getType().name();
    long number = change.getRevision();
    // What is there at the beginning is no place to go on from.
    String revision = number == 0 && change.hasContainer() ? "-" : Long.toUnsignedString(number);
    if (!change.hasContainer()) {
      // SYNCED: all that existed is printed, and from here a later watch can go on.
      terminal.out().println(type + "  --resume " + change.getEpoch() + ":" + revision);
      return;
    }
    line(row(type, revision, ContainerRow.of(change.getContainer(), terminal.clock().instant())));
  }

  private void line(List<String> row) {
    columns.fit(row);
    if (!headerPrinted) {
      headerPrinted = true;
      terminal.out().println(columns.line(HEADER));
    }
    terminal.out().println(columns.line(row));
  }

  private static List<String> row(String type, String revision, List<String> rest) {
    List<String> row = new ArrayList<>(List.of(type, revision));
    row.addAll(rest);
    return row;
  }
}
