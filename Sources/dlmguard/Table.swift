import LockModel

/// Rows under headers, in plain text.
struct Table {
  /// No column is made narrower than this, in characters, to make a line fit.
  static let narrowest = 6
  private static let gap = "  "

  let columns: [String]
  let rows: [[String]]

  init(_ columns: [String], rows: [[String]]) {
    self.columns = columns
    self.rows = rows
  }

  /// A line for the headers and one for each row. A cell is cut only where the style limits the
  /// width, and then in the widest columns.
  func lines(_ style: Style) -> [String] {
    let widths = widths(limit: style.width)
    return [style.bold(line(columns, widths))] + rows.map { line($0, widths) }
  }

  private func widths(limit: Int?) -> [Int] {
    var widths = columns.indices.map { index in
      ([columns[index]] + rows.map { $0[index] }).map(\.count).max() ?? 0
    }
    guard let limit else { return widths }
    let room = limit - Self.gap.count * (columns.count - 1)
    while widths.reduce(0, +) > room, let widest = widths.max(), widest > Self.narrowest,
      let index = widths.lastIndex(of: widest)
    {
      widths[index] -= 1
    }
    return widths
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var line = ""
    for (index, cell) in cells.enumerated() {
      let cell = cell.cut(to: widths[index])
      line += cell
      // No blanks at the end of a line.
      if index < cells.count - 1 {
        line += String(repeating: " ", count: widths[index] - cell.count) + Self.gap
      }
    }
    return line
  }
}
