namespace Parley.Spreadsheets;

/// <summary>A column of a table.</summary>
/// <param name="Name">Its heading, and the member's name in jsonl. Unique within the table.</param>
/// <param name="Parts">
/// More than 1 declares the column long: in csv and xlsx, a text longer than a cell goes on in columns <c>Name_2</c> to <c>Name_{Parts}</c> at
/// the right end of the table.
/// </param>
/// <param name="Width">How many characters it shows in xlsx. A date-time has 23, and a column that is too narrow for it shows ####.</param>
public sealed record TableColumn(string Name, int Parts = 1, int Width = 24);
