namespace Parley.Tests.Infrastructure;

/// <summary>Rows of the workspace's tables, with the columns that queries read.</summary>
internal static class TelemetryRows
{
    /// <summary>
    /// A row of AppMetrics, as Azure Monitor's exporter writes it: one for each interval and combination of tags.
    /// </summary>
    /// <param name="name">The meter.</param>
    /// <param name="sum">A counter's increments, a gauge's value, or the sum of a histogram's values.</param>
    /// <param name="count">How many values of a histogram there were. 1 for others.</param>
    /// <param name="tags">Names and values.</param>
    public static IReadOnlyDictionary<string, object?> Metric(
        string name, double sum, double count, params (string Name, string Value)[] tags) =>
        new Dictionary<string, object?>
        {
            ["Name"] = name,
            ["Sum"] = sum,
            ["ItemCount"] = count,
            ["Max"] = sum,
            ["Properties"] = tags.ToDictionary(tag => tag.Name, tag => tag.Value),
            ["TimeGenerated"] = 1.0,
            ["AppRoleInstance"] = "one",
        };

    /// <summary>A row of AppMetrics for failures of a kind of work.</summary>
    public static IReadOnlyDictionary<string, object?> Failures(string work, double count = 1) =>
        Metric("parley.work.failures", count, 1, ("parley.work", work));

    /// <summary>A row of AppRequests, which stands for <paramref name="count"/> requests.</summary>
    /// <param name="status">The status; 0 for a function without HTTP.</param>
    public static IReadOnlyDictionary<string, object?> Requests(
        int status, double count, string name = "GET api/v1/x") =>
        new Dictionary<string, object?>
        {
            ["Name"] = name,
            ["ResultCode"] = $"{status}",
            ["ItemCount"] = count,
            ["DurationMs"] = 20.0,
            ["TimeGenerated"] = 1.0,
        };
}
