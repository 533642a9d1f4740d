namespace Parley.Spreadsheets;

/// <summary>A column of a table.</summary>
/// <param name="Name">The heading, and the property's name in jsonl. Unique within the table.</param>
/// <param name="Parts">
/// The most cells for a text of the column. In csv and xlsx, a text that is longer than a cell continues in the columns
/// <c>Name_2</c> to <c>Name_{Parts}</c> at the right end of the table.
/// </param>
/// <param name="Width">
/// The width in xlsx, in characters. A date-time has 23; a column that is too narrow for it shows ####.
/// </param>
public sealed record TableColumn(string Name, int Parts = 1, int Width = 24);
