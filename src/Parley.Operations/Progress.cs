using System.Globalization;

namespace Parley.Operations;

/// <summary>
/// Prints progress lines, at most one every five seconds within a stage. One stage runs at a time; several threads may
/// add to its counter.
/// </summary>
internal sealed class Progress(TextWriter output, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly Lock gate = new();
    private string stage = "";
    private string unit = "";
    private long count;
    private long startedAt;
    private long printedAt;

    public void Begin(string name, string countedUnit)
    {
        lock (gate)
        {
            (stage, unit, count) = (name, countedUnit, 0);
            (startedAt, printedAt) = (time.GetTimestamp(), time.GetTimestamp());
        }
    }

    public void Add(int more)
    {
        lock (gate)
        {
            count += more;
            if (time.GetElapsedTime(printedAt) >= Interval)
            {
                printedAt = time.GetTimestamp();
                output.WriteLine(Line("…"));
            }
        }
    }

    public void End()
    {
        lock (gate)
        {
            output.WriteLine(Line("."));
        }
    }

    public void Print(string line) => output.WriteLine(line);

    private string Line(string end)
    {
        var seconds = Math.Max(time.GetElapsedTime(startedAt).TotalSeconds, 0.001);
        return string.Create(
            CultureInfo.InvariantCulture, $"{stage}: {count:N0} {unit}, {count / seconds:N0} {unit}/s{end}");
    }
}
