using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using Parley.Core;
using Parley.DevHost.Common;
using Parley.Testing.Telemetry;

namespace Parley.Tests.Infrastructure;

/// <summary>A meter as the code makes it.</summary>
/// <param name="Unit">The unit, in the notation of the conventions.</param>
/// <param name="Tags">The names of all tags that its values can have.</param>
internal sealed record MeterFacts(string Unit, IReadOnlySet<string> Tags);

/// <summary>The meters of the code, and the values of their tags that alerts name.</summary>
internal static class Meters
{
    /// <summary>
    /// Records one value of each meter, with all of its tags, and returns what arrived. Other listeners get it too.
    /// </summary>
    public static IReadOnlyDictionary<string, MeterFacts> Record()
    {
        var tags = new Dictionary<string, HashSet<string>>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == Telemetry.Name)
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        void Add<T>(Instrument instrument, T value, ReadOnlySpan<KeyValuePair<string, object?>> all, object? state)
        {
            lock (tags)
            {
                var names = tags.TryGetValue(instrument.Name, out var known) ? known : tags[instrument.Name] = [];
                foreach (var (name, _) in all)
                {
                    names.Add(name);
                }
            }
        }

        listener.SetMeasurementEventCallback<long>(Add);
        listener.SetMeasurementEventCallback<double>(Add);
        listener.Start();
        RecordOneOfEach();
        listener.RecordObservableInstruments();
        lock (tags)
        {
            // The conventions name them; the app adds the last.
            tags[Telemetry.RequestDuration] =
            [
                "error.type", "http.request.method", "http.response.status_code", "http.route",
                "network.protocol.version", "url.scheme", "parley.tenant",
            ];
            // Fails for a meter that RecordOneOfEach does not use.
            return PromisedMeters.Units().ToDictionary(
                meter => meter.Key, meter => new MeterFacts(meter.Value, tags[meter.Key].ToHashSet()));
        }
    }

    /// <summary>The kinds of work whose failures the code counts.</summary>
    public static IReadOnlySet<string> Work { get; } = Arguments("WorkFailed");

    /// <summary>The texts in calls of a method of <see cref="Telemetry"/>, in all sources.</summary>
    private static HashSet<string> Arguments(string method) =>
        [.. Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => Regex.Matches(File.ReadAllText(file), $@"Telemetry\s*\.{method}\(([^;]*)\)"))
            .SelectMany(call => Regex.Matches(call.Groups[1].Value, @"""([^""]+)"""))
            .Select(text => text.Groups[1].Value)];

    private static void RecordOneOfEach()
    {
        var failure = new IOException();
        Telemetry.Invoked("FollowUpsDue", "timer", TimeSpan.Zero, failure);
        Telemetry.StorageCalled("table", "GET", 503, failure, isRetry: true, TimeSpan.Zero);
        Telemetry.FollowUpSent(TimeSpan.Zero);
        Telemetry.FollowUpCancelled("none", 0);
        Telemetry.FollowUpFailed("none");
        Telemetry.ExportAttempted("none");
        Telemetry.ExportCompleted("none", 0, TimeSpan.Zero);
        Telemetry.CallbackAttempted("none", 503, "none");
        Telemetry.StreamOpened().Dispose();
        Telemetry.MessageReceived("none", TimeSpan.Zero);
        Telemetry.PoisonCounted("none", 0);
        Telemetry.WorkFailed("none", 0);
        using var call = Telemetry.CallModel("none", "none", TimeProvider.System);
        call.HasText();
        call.Used(0, 0);
        call.Failed("none");
    }
}
