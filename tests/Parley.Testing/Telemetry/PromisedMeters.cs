using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace Parley.Testing.Telemetry;

/// <summary>The meters that the app promises: name and unit of each.</summary>
public static class PromisedMeters
{
    /// <summary>All instruments of <see cref="Core.Telemetry"/>, and that of ASP.NET Core which it names.</summary>
    public static IReadOnlyDictionary<string, string> Units()
    {
        var units = new Dictionary<string, string> { [Core.Telemetry.RequestDuration] = "s" };
        RuntimeHelpers.RunClassConstructor(typeof(Core.Telemetry).TypeHandle);
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == Core.Telemetry.Name)
            {
                units[instrument.Name] = instrument.Unit ?? "";
            }
        };

        // Reports every instrument that exists.
        listener.Start();
        return units;
    }
}
