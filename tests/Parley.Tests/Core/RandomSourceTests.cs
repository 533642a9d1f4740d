using Parley.Core;
using Xunit;

namespace Parley.Tests.Core;

public class RandomSourceTests
{
    [Fact]
    public void A_seed_plays_the_same_sequence_again()
    {
        var (one, two) = (new RandomSource(7), new RandomSource(7));

        Assert.Equal(Enumerable.Range(0, 100).Select(_ => one.NextWriteId()), Enumerable.Range(0, 100).Select(_ => two.NextWriteId()));
    }

    [Fact]
    public void Bits_and_doubles_stay_in_range()
    {
        var random = new RandomSource();
        for (var i = 0; i < 10_000; i++)
        {
            Assert.InRange(random.NextBits(EntityId.CheckBits), 0, (1L << EntityId.CheckBits) - 1);
            Assert.InRange(random.NextDouble(), 0, 1 - double.Epsilon);
        }
    }

    [Fact]
    public void Uuids_have_version_4()
    {
        var bytes = new byte[16];
        new RandomSource().Fill(bytes);

        Assert.Matches("^.{14}4.{4}[89ab]", RandomSource.Version4(bytes).ToString());
    }
}
