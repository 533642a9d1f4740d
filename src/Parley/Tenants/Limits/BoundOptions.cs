using System.Globalization;
using Microsoft.Extensions.Configuration;
using Parley.Core;

namespace Parley.Tenants.Limits;

/// <summary>How much of one tenant's work an instance does at once. Each is 1 to 99,999.</summary>
/// <param name="RunningCompletions">Completions that are produced, also those whose client has disconnected.</param>
/// <param name="Listeners">
/// Requests that wait for a completion, streamed or not. Those that cancel one are not counted, because they end it.
/// </param>
/// <param name="Uploads">Files that are received.</param>
/// <param name="Downloads">Files that are sent.</param>
public sealed record BoundOptions(int RunningCompletions, int Listeners, int Uploads, int Downloads)
{
    private const int Max = 99_999;

    public static BoundOptions Default { get; } = new(50, 200, 10, 20);

    /// <summary>The names of the settings, after <c>Limits__</c>.</summary>
    internal static IReadOnlyList<string> Names { get; } =
        [nameof(RunningCompletions), nameof(Listeners), nameof(Uploads), nameof(Downloads)];

    /// <exception cref="StartUpException">A setting is not a whole number within its limits.</exception>
    public static BoundOptions Read(IConfiguration configuration) => new(
        ReadNumber(configuration, nameof(RunningCompletions), Default.RunningCompletions),
        ReadNumber(configuration, nameof(Listeners), Default.Listeners),
        ReadNumber(configuration, nameof(Uploads), Default.Uploads),
        ReadNumber(configuration, nameof(Downloads), Default.Downloads));

    private static int ReadNumber(IConfiguration configuration, string name, int defaultValue) =>
        configuration[$"Limits:{name}"] switch
        {
            null or "" => defaultValue,
            var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && number is >= 1 and <= Max => number,
            _ => throw new StartUpException($"Limits__{name} must be a whole number from 1 to {Max}."),
        };
}
