using Parley.Testing;
using Xunit;

namespace Parley.Tests.Tenants.Tokens;

public sealed class SigningKeyInvariantTests
{
    /// <summary>
    /// Every token is accepted by every instance until it expires, no two keys have one number, and every instance has
    /// published a key for at least 23 hours before it signs.
    /// </summary>
    [Fact]
    public async Task Good_tokens_are_never_refused()
    {
        var checks = new TokenChecks();
        await Interleaving.ExploreAsync(runs: 500, run => SigningKeyScenario.RunAsync(run, checks));
        Assert.InRange(checks.Accepted, 10 * checks.WithoutStorage, int.MaxValue);
    }
}
