using System.Globalization;
using System.Text;

namespace Parley.Benchmarks.Cost;

/// <summary>The tables of docs/cost.md, each between a pair of markers.</summary>
internal static class CostDocument
{
    private static readonly (string Title, long Messages)[] Months =
        [("idle", 0), ("10 thousand", 10_000), ("1 million", 1_000_000), ("100 million", 100_000_000)];

    private static readonly int[] OtherSizes = [512, 4096];

    /// <summary>Returns the document with recalculated tables.</summary>
    /// <exception cref="BenchmarkException">A marker is missing.</exception>
    public static string Update(string document, CostCounts counts, CostAssumptions assumptions, CostPrices prices)
    {
        var calculation = new CostCalculation(counts, assumptions, prices);
        document = Replace(document, "bill", Bill(calculation));
        document = Replace(document, "quantities", Quantities(calculation));
        document = Replace(document, "counts", Counts(counts));
        document = Replace(document, "assumptions", Assumptions(assumptions));
        return Replace(document, "prices", Prices(prices));
    }

    /// <summary>The bill, in USD.</summary>
    public static string Bill(CostCalculation calculation)
    {
        var months = Months.Select(month => calculation.Of(month.Messages)).ToList();
        var rows = new List<string[]>();
        rows.AddRange(months[0].Lines.Select(line =>
            Row(line.Price.Name, months, month => Usd(month[line.Price.Meter].Usd))));
        rows.Add(Row("Free grants", months, month => Usd(-month.Lines.Sum(line => line.Free))));
        rows.Add(Row("**Total**", months, month => $"**{Usd(month.Total)}**"));
        rows.Add(Row("Total for each million messages", months, PerMillion));
        foreach (var size in OtherSizes)
        {
            var other = calculation.WithMemory(size);
            var others = months.Select(month => other.Of(month.Messages));
            rows.Add(Row($"Total with instances of {Number(size)} MB", others, month => Usd(month.Total)));
        }

        return Table(["USD a month", .. Months.Select(month => month.Title)], rows);
    }

    private static string Quantities(CostCalculation calculation)
    {
        var months = Months.Select(month => calculation.Of(month.Messages)).ToList();
        return Table(
            ["Used in a month", "Unit", .. Months.Select(month => month.Title)],
            months[0].Lines.Select(line => (string[])
            [
                line.Price.Name, line.Price.Unit, .. months.Select(month => Amount(month[line.Price.Meter].Quantity)),
            ]));
    }

    private static string Counts(CostCounts counts)
    {
        var rows = counts.Activities.Select(activity => (string[])
        [
            activity.Name,
            UnitName(activity.Per),
            Each(activity.Requests + activity.Runs, activity.Times),
            Each(activity.TableTransactions, activity.Times),
            string.Join(", ", activity.TableCalls.Select(call => $"{Each(call.Value, activity.Times)} {call.Key}")),
            Each(activity.BlobWrites, activity.Times),
            Each(activity.BlobReads, activity.Times),
            Each(activity.QueueMessages, activity.Times),
            Each(activity.QueueReads, activity.Times),
            Number(Math.Round((decimal)activity.BytesOut / activity.Times)),
        ]);
        string[] titles =
        [
            "Activity", "Once for each", "Executions", "Table transactions", "of which",
            "Blob writes", "Blob reads", "Queue messages", "Queue reads", "Bytes out",
        ];
        return Table(titles, rows)
            + $"\nA message leaves {Number(Math.Round(counts.TableBytesPerMessage))} bytes in the tables"
            + $" and {Number(Math.Round(counts.ExportBytesPerMessage))} bytes in an export's file (csv).\n";
    }

    private static string Assumptions(CostAssumptions assumptions) => Table(
        ["Assumption", "Value", "Name in the file", "Source"],
        assumptions.Assumptions.Select(each => (string[])
            [each.Text, Number(each.Value), $"`{each.Name}`", each.Source]));

    private static string Prices(CostPrices prices) =>
        $"Region: {prices.Region}; {prices.Redundancy}.\n\n"
        + Table(
            ["Meter", "USD", "for", "Free a month", "Region of the figure", "As of", "Published in", ""],
            prices.Prices.Select(price => (string[])
            [
                price.Name,
                price.Usd.ToString("0.00######", CultureInfo.InvariantCulture),
                $"{Number(price.Per)} {price.Unit}",
                price.FreePerMonth == 0 ? "" : Number(price.FreePerMonth),
                price.Region,
                price.AsOf,
                price.Source,
                price.Check ? "to be checked" : "",
            ]));

    private static string[] Row(string name, IEnumerable<CostMonth> months, Func<CostMonth, string> cell) =>
        [name, .. months.Select(cell)];

    private static string Table(string[] titles, IEnumerable<string[]> rows)
    {
        var text = new StringBuilder().Append(Line(titles)).Append(Line(titles.Select(_ => "---")));
        foreach (var row in rows)
        {
            text.Append(Line(row));
        }

        return text.ToString();
    }

    private static string Line(IEnumerable<string> cells) => $"| {string.Join(" | ", cells)} |\n";

    private static string UnitName(CostUnit unit) => unit switch
    {
        CostUnit.FiveMinutes => "five minutes",
        CostUnit.QuarterHour => "quarter of an hour",
        _ => unit.ToString().ToLowerInvariant(),
    };

    private static string Each(int count, int times) =>
        ((decimal)count / times).ToString("0.##", CultureInfo.InvariantCulture);

    private static string PerMillion(CostMonth month) =>
        month.Messages == 0 ? "" : Usd(month.Total * 1_000_000 / month.Messages);

    private static string Usd(decimal value) =>
        value.ToString(Math.Abs(value) >= 100 ? "#,##0" : "0.00", CultureInfo.InvariantCulture);

    private static string Amount(decimal value) =>
        value.ToString(value >= 100 ? "#,##0" : "0.###", CultureInfo.InvariantCulture);

    private static string Number(decimal value) => value.ToString("#,##0.##", CultureInfo.InvariantCulture);

    private static string Replace(string document, string name, string table)
    {
        var (begin, end) = ($"<!-- cost:{name} -->\n", $"<!-- /cost:{name} -->");
        var start = document.IndexOf(begin, StringComparison.Ordinal);
        var stop = document.IndexOf(end, StringComparison.Ordinal);
        return start >= 0 && stop > start
            ? document[..(start + begin.Length)] + "\n" + table + "\n" + document[stop..]
            : throw new BenchmarkException($"docs/cost.md lacks the markers of the table '{name}'.");
    }
}
