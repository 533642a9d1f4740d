using System.Diagnostics.Metrics;
using System.Globalization;
using Parley.Core;

namespace Parley.Tests.Assistants.Completions;

/// <summary>
/// The measures of providers that the test records which made this object. Other tests record measures at the same time,
/// but not in this test's asynchronous flow.
/// </summary>
internal sealed class ModelMeasures : IDisposable
{
    private static readonly AsyncLocal<ModelMeasures?> Current = new();
    private readonly MeterListener listener = new();
    private readonly List<string> all = [];

    public ModelMeasures()
    {
        Current.Value = this;
        listener.InstrumentPublished = (instrument, meters) =>
        {
            if (instrument.Meter.Name == Telemetry.Name && instrument.Name.StartsWith("gen_ai.", StringComparison.Ordinal))
            {
                meters.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>(Add);
        listener.SetMeasurementEventCallback<double>(Add);
        listener.Start();
    }

    /// <summary>
    /// Each as the last part of the instrument's name, the value (of seconds only whole ones) and all tags but the
    /// operation.
    /// </summary>
    public IReadOnlyList<string> All
    {
        get
        {
            lock (all)
            {
                return [.. all];
            }
        }
    }

    /// <summary>The same with 0 seconds everywhere, for calls that take real time.</summary>
    public IReadOnlyList<string> AllWithoutTimes => [.. All.Select(WithoutTime)];

    public void Dispose() => listener.Dispose();

    private static string WithoutTime(string measure)
    {
        var words = measure.Split(' ');
        words[1] = words[1].EndsWith('s') ? "0s" : words[1];
        return string.Join(' ', words);
    }

    private void Add<T>(
        Instrument instrument, T value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
        where T : struct, IConvertible
    {
        if (Current.Value != this)
        {
            return;
        }

        var words = new List<string>
        {
            instrument.Name.Split('.')[^1],
            value.ToInt64(CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture) + instrument.Unit,
        };
        foreach (var (name, tag) in tags)
        {
            if (name != "gen_ai.operation.name")
            {
                words.Add($"{name.Split('.')[^1]}={tag}");
            }
        }

        lock (all)
        {
            all.Add(string.Join(' ', words));
        }
    }
}
