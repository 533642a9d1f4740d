using Parley.Core;
using Parley.Tenants;
using Xunit;

namespace Parley.Tests.Tenants;

public class ApiKeyTokenTests
{
    [Theory]
    [InlineData("Bearer abc", "abc")]
    [InlineData("bearer abc", "abc")]
    [InlineData("Api-Key abc", "abc")]
    [InlineData("API-KEY  abc ", "abc")]
    [InlineData("abc", "abc")]
    [InlineData(" abc ", "abc")]
    [InlineData(null, null)]
    [InlineData("", null)]
    [InlineData("Basic dXNlcjpwYXNz", null)]
    [InlineData("Bearer a b", null)]
    public void The_header_has_three_forms(string? header, string? token) => Assert.Equal(token, ApiKeyToken.FromHeader(header));

    [Fact]
    public void A_token_that_is_too_long_is_ignored() => Assert.Null(ApiKeyToken.FromHeader(new string('a', 5000)));

    [Fact]
    public void A_key_is_random_and_its_hash_is_stable()
    {
        var random = new RandomSource();
        var key = ApiKeyToken.Create(random);

        Assert.StartsWith("parley_", key, StringComparison.Ordinal);
        Assert.Equal(7 + 43, key.Length);
        Assert.NotEqual(key, ApiKeyToken.Create(random));
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", ApiKeyToken.Hash("abc"));
    }
}
