using Parley.DevHost.Triggers;
using Xunit;

namespace Parley.Tests.DevHost;

public sealed class PollingPauseTests
{
    [Fact]
    public void Pauses_double_give_or_take_a_fifth_up_to_the_longest_and_begin_anew_after_messages()
    {
        var pause = new PollingPause(TimeSpan.FromSeconds(5), new Random(1));
        for (var round = 0; round < 2; round++)
        {
            Assert.Equal(TimeSpan.FromMilliseconds(100), pause.Next());
            for (var power = 1; power <= 32; power *= 2)
            {
                Assert.InRange(pause.Next(), TimeSpan.FromMilliseconds(100 + (80 * power)), TimeSpan.FromMilliseconds(100 + (120 * power)));
            }

            Assert.All(Enumerable.Range(0, 2000), _ => Assert.Equal(TimeSpan.FromSeconds(5), pause.Next()));
            pause.Reset();
        }
    }
}
