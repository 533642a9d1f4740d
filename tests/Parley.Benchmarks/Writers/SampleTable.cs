using System.Globalization;
using Parley.Core;
using Parley.Exports;
using Parley.Spreadsheets;

namespace Parley.Benchmarks.Writers;

/// <summary>The types of cells that every compared writer can write.</summary>
internal enum SampleKind
{
    Empty,
    Text,
    Number,
    Fraction,
    Time,
    Truth,
}

/// <summary>A cell's value, in the member that its kind names.</summary>
internal readonly record struct SampleCell(SampleKind Kind)
{
    public string Text { get; private init; } = "";

    public long Number { get; private init; }

    public double Fraction { get; private init; }

    public DateTimeOffset Time { get; private init; }

    public bool Truth { get; private init; }

    public static SampleCell Of(string? text) => text is null ? default : new(SampleKind.Text) { Text = text };

    public static SampleCell Of(long number) => new(SampleKind.Number) { Number = number };

    public static SampleCell Of(double fraction) => new(SampleKind.Fraction) { Fraction = fraction };

    public static SampleCell Of(DateTimeOffset time) => new(SampleKind.Time) { Time = time };

    public static SampleCell Of(bool truth) => new(SampleKind.Truth) { Truth = truth };
}

/// <summary>Rows that all writers write again and again, the same in every run.</summary>
/// <param name="Name">What the rows are, for the printed table.</param>
/// <param name="Columns">The columns as Parley takes them.</param>
/// <param name="Rows">A cell for each column.</param>
internal sealed record SampleTable(string Name, TableColumn[] Columns, SampleCell[][] Rows)
{
    private const int Samples = 2_000;

    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The headings of csv and xlsx: the columns', then those of the rest of long texts.</summary>
    public string[] Headings { get; } =
    [
        .. Columns.Select(column => column.Name),
        .. Columns.SelectMany(column => Enumerable.Range(2, column.Parts - 1).Select(part => $"{column.Name}_{part}")),
    ];

    /// <summary>
    /// The table of an export, with messages of some 170 characters. Every tenth has characters that each format
    /// escapes, and every fiftieth looks like a formula.
    /// </summary>
    public static SampleTable Export()
    {
        var random = new Random(1);
        return new SampleTable(
            "the table of an export",
            [.. new ExportTable(TableFormat.Csv, Language.EnUs).Columns],
            [.. Enumerable.Range(0, Samples).Select(row => ExportRow(row, random))]);
    }

    /// <summary>Ten cells of at most 24 characters: four texts, three numbers, a fraction, a time and a truth value.</summary>
    public static SampleTable Short()
    {
        var random = new Random(2);
        string[] names = ["id", "status", "city", "count", "amount", "rate", "time", "active", "reference", "name"];
        return new SampleTable(
            "ten short cells",
            [.. names.Select(name => new TableColumn(name))],
            [.. Enumerable.Range(0, Samples).Select(row => ShortRow(row, random))]);
    }

    private static SampleCell[] ExportRow(int row, Random random) =>
    [
        SampleCell.Of(1 + (row / 50)),
        SampleCell.Of("Order and delivery"),
        SampleCell.Of((row % 50) + 1),
        SampleCell.Of(Start.AddMilliseconds(row * 1_234L)),
        SampleCell.Of(row % 2 == 0 ? "customer" : "staff"),
        SampleCell.Of(row % 2 == 0 ? "Zoë Example" : "Service"),
        SampleCell.Of((row % 50 == 0 ? "=" : "") + SampleText.Next(random) + (row % 10 == 0 ? "\nBest, \"Zoë\" <z@example.com>" : "")),
        SampleCell.Of(1 + (row / 200)),
        default,
        SampleCell.Of(row % 20 == 0 ? "yes" : "no"),
        SampleCell.Of("no"),
        SampleCell.Of(row % 3 == 0 ? "crm-000017" : null),
    ];

    private static SampleCell[] ShortRow(int row, Random random)
    {
        string[] states = ["open", "closed", "waiting"];
        string[] cities = ["Lisboa", "Zürich", "São Paulo", "Oslo"];
        return
        [
            SampleCell.Of(100_000 + row),
            SampleCell.Of(states[row % states.Length]),
            SampleCell.Of(cities[row % cities.Length]),
            SampleCell.Of(random.Next(10)),
            SampleCell.Of(random.Next(1_000_000)),
            SampleCell.Of(random.Next(10_000) / 100.0),
            SampleCell.Of(Start.AddMilliseconds(row * 1_234L)),
            SampleCell.Of(row % 2 == 0),
            SampleCell.Of(string.Create(CultureInfo.InvariantCulture, $"crm-{row:000000}")),
            SampleCell.Of("Ana Souza"),
        ];
    }
}
