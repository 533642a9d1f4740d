using System.Globalization;

namespace Parley.Operations;

/// <summary>
/// Prints progress lines, one every few seconds. One stage runs at a time; its counter may be raised by several
/// threads.
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
            (stage, unit, count, startedAt, printedAt) = (name, countedUnit, 0, time.GetTimestamp(), time.GetTimestamp());
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

    public void Say(string line) => output.WriteLine(line);

    private string Line(string end)
    {
        var seconds = Math.Max(time.GetElapsedTime(startedAt).TotalSeconds, 0.001);
        return string.Create(
            CultureInfo.InvariantCulture, $"{stage}: {count:N0} {unit}, {count / seconds:N0} {unit}/s{end}");
    }
}
