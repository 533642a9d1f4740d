using System.Globalization;
using Parley.DevHost.Common;
using Parley.DevHost.Settings;
using Xunit;

namespace Parley.Tests.DevHost;

public sealed class HostJsonTests
{
    [Theory]
    [InlineData("{}", 16, null, 5, "00:00:00", "00:01:00")]
    [InlineData("""{"batchSize":5}""", 5, null, 5, "00:00:00", "00:01:00")]
    [InlineData("""{"batchSize":32,"newBatchThreshold":0,"maxDequeueCount":1,"visibilityTimeout":"00:00:30","maxPollingInterval":"00:00:02","messageEncoding":"Base64"}""", 32, 0, 1, "00:00:30", "00:00:02")]
    public void Queue_settings_are_read_from_host_json(string queues, int batch, int? threshold, int tries, string rest, string longest)
    {
        var expected = new QueueSettings
        {
            BatchSize = batch,
            NewBatchThreshold = threshold,
            MaxDequeueCount = tries,
            VisibilityTimeout = TimeSpan.Parse(rest, CultureInfo.InvariantCulture),
            MaxPollingInterval = TimeSpan.Parse(longest, CultureInfo.InvariantCulture),
        };
        Assert.Equal(expected, Read(queues).Queues with { MessageEncoding = "base64" });
    }

    [Theory]
    [InlineData("""{"batchSize":33}""", "host.json: extensions.queues.batchSize must be from 1 to 32.")]
    [InlineData("""{"batchSize":0}""", "extensions.queues.batchSize must be")]
    [InlineData("""{"batchSize":"many"}""", "'many'")]
    [InlineData("""{"newBatchThreshold":-1}""", "extensions.queues.newBatchThreshold must not")]
    [InlineData("""{"maxDequeueCount":0}""", "extensions.queues.maxDequeueCount must be")]
    [InlineData("""{"visibilityTimeout":"8.00:00:00"}""", "extensions.queues.visibilityTimeout must be")]
    [InlineData("""{"maxPollingInterval":2000}""", "extensions.queues.maxPollingInterval must be")]
    [InlineData("""{"maxPollingInterval":"00:00:00.05"}""", "extensions.queues.maxPollingInterval must be")]
    [InlineData("""{"messageEncoding":"none"}""", "extensions.queues.messageEncoding must be base64")]
    public void A_queue_setting_without_a_possible_value_is_an_error(string queues, string expected) =>
        Assert.Contains(expected, Assert.Throws<HostStartException>(() => Read(queues)).Message, StringComparison.Ordinal);

    private static HostJson Read(string queues)
    {
        var path = Path.GetTempFileName();
        File.WriteAllText(path, $$"""{ "extensions": { "queues": {{queues}} } }""");
        try
        {
            return HostJson.Read(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
