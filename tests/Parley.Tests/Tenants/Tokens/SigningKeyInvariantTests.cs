using Parley.Tenants.Tokens;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
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

    [Fact]
    public Task Keys_that_are_removed_with_the_first_signature_of_their_successor_are_caught() =>
        AssertCaughtAsync(
            process => new SigningKeyRotation(process.SigningKeyStore, process.Time) { Kept = TimeSpan.Zero },
            "A good token of .* is refused");

    [Fact]
    public Task Keys_that_sign_soon_after_their_creation_are_caught() =>
        AssertCaughtAsync(
            process => new SigningKeyRotation(process.SigningKeyStore, process.Time) { Ahead = TimeSpan.FromHours(2) },
            "signs, but was not published");

    private static async Task AssertCaughtAsync(Func<ParleyProcess, SigningKeyRotation> broken, string by)
    {
        var caught = await Interleaving.CatchAsync(500, run => SigningKeyScenario.RunAsync(run, new TokenChecks(), broken));
        Assert.Matches(by, caught.Message);
    }
}
