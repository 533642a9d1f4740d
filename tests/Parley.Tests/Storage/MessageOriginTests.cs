using Parley.Exports;
using Parley.Storage;
using Xunit;

namespace Parley.Tests.Storage;

public class MessageOriginTests
{
    private const string Trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_message_with_an_origin_is_the_same_message()
    {
        var step = new ExportStep(12, 345, 6);
        var text = MessageOrigin.Add(step.ToJson(), Trace, Now);

        Assert.Equal(step, ExportStep.Parse(text));
        Assert.Equal((Trace, TimeSpan.FromSeconds(3)), (MessageOrigin.Read(text).Traceparent, MessageOrigin.Read(text).Age(Now.AddSeconds(3))));
        Assert.Equal(step, ExportStep.Parse(MessageOrigin.Add(step.ToJson(), null, Now)));
    }

    [Theory]
    [InlineData("""{"at":9223372036854775807}""")]
    [InlineData("""{"at":-9223372036854775808}""")]
    [InlineData("""{"at":1796082086000000}""")]
    [InlineData("""{"at":0}""")]
    [InlineData("""{"at":"soon"}""")]
    [InlineData("""{"at":1e400}""")]
    [InlineData("""{"at":{}}""")]
    [InlineData("""{"at":null}""")]
    [InlineData("""{"traceparent":5}""")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("not JSON")]
    public void An_odd_origin_has_no_age_and_is_no_error(string text) => Assert.Null(MessageOrigin.Read(text).Age(Now));

    [Fact]
    public void A_message_that_is_read_early_has_no_negative_age()
    {
        var origin = new MessageOrigin(null, Now.ToUnixTimeMilliseconds());

        Assert.Equal(TimeSpan.Zero, origin.Age(Now.AddSeconds(-1)));
        Assert.Null(origin.Age(Now.AddDays(9)));
    }
}
