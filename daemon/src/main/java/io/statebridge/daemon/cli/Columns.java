package io.statebridge.daemon.cli;

import java.util.List;

/** Column widths, which only grow: a list fits all rows first, a watch each row as it comes. */
final class Columns {
  private static final String GAP = "  ";

  private final int[] widths;

  Columns(int count) {
    widths = new int[count];
  }

  Columns fit(List<String> row) {
    for (int i = 0; i < widths.length; i++) {
      widths[i] = Math.max(widths[i], width(row.get(i)));
    }
    return this;
  }

  /** The row as a line; the last cell is not padded. */
  String line(List<String> row) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < widths.length; i++) {
      String cell = row.get(i);
      line.append(cell);
      if (i < widths.length - 1) {
        line.repeat(" ", Math.max(0, widths[i] - width(cell))).append(GAP);
      }
    }
    return line.toString().stripTrailing();
  }

  private static int width(String cell) {
    return cell.codePointCount(0, cell.length());
  }
}
