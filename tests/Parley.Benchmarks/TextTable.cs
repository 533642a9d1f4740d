using System.Text;

namespace Parley.Benchmarks;

/// <summary>A table of texts in aligned columns.</summary>
internal sealed class TextTable(params string[] titles)
{
    private readonly List<string[]> rows = [titles];

    public void Add(params string[] cells) => rows.Add(cells);

    public void Print()
    {
        var widths = titles.Select((_, column) => rows.Max(row => row[column].Length)).ToArray();
        foreach (var row in rows)
        {
            var line = new StringBuilder("  ");
            for (var column = 0; column < row.Length; column++)
            {
                line.Append(row[column].PadRight(widths[column])).Append("   ");
            }

            Console.WriteLine(line.ToString().TrimEnd());
        }
    }
}
