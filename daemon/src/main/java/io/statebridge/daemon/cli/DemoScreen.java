package io.statebridge.daemon.cli;

import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.GetBridgeStatusResponse;
import java.util.ArrayList;
import java.util.List;

/**
 * What the demo shows while it runs: on a terminal a table that is drawn over itself, elsewhere a
 * line each time. Confined to one thread.
 */
final class DemoScreen {

  private static final int MAX_ROWS = 16;

  /** A line that wraps would spoil the next drawing, and the width is not to be had. */
  private static final int MAX_WIDTH = 79;

  private final Terminal terminal;
  private final boolean redraws;
  private final Columns columns = new Columns(ContainerRow.HEADER.size()).fit(ContainerRow.HEADER);
  private int linesDrawn;

  /**
   * @param redraws whether the output understands cursor movements
   */
  DemoScreen(Terminal terminal, boolean redraws) {
    this.terminal = terminal;
    this.redraws = redraws;
  }

  void show(List<Container> containers, GetBridgeStatusResponse status, ExitTally.Result result) {
    String summary =
        "containerd %s; %d containers; %d exits produced, %d recorded"
            .formatted(
                status.getSync().getInSync() ? "in sync" : "AWAY, still answering",
                containers.size(),
                result.produced(),
                result.recorded());
    List<String> lines = new ArrayList<>();
    lines.add(summary);
    if (redraws) {
      List<List<String>> rows =
          containers.stream()
              .limit(MAX_ROWS)
              .map(container -> ContainerRow.of(container, terminal.clock().instant()))
              .toList();
      rows.forEach(columns::fit);
      lines.add(columns.line(ContainerRow.HEADER));
      rows.forEach(row -> lines.add(columns.line(row)));
      if (containers.size() > MAX_ROWS) {
        lines.add("... and " + (containers.size() - MAX_ROWS) + " more");
      }
      if (linesDrawn > 0) {
        // Up to the first line, and clear from there.
        terminal.out().printf("\033[%dA\033[J", linesDrawn);
      }
      linesDrawn = lines.size();
    }
    lines.forEach(line -> terminal.out().println(redraws ? cut(line) : line));
    terminal.out().flush();
  }

  private static String cut(String line) {
    return line.substring(0, Math.min(line.length(), MAX_WIDTH));
  }
}
