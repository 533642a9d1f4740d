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
    public void A_text_that_is_too_long_is_no_key() => Assert.False(ApiKeyToken.IsWellFormed("parley_" + new string('a', 50_000)));

    [Fact]
    public void A_new_key_and_one_without_a_checksum_are_well_formed()
    {
        Assert.True(ApiKeyToken.IsWellFormed("parley_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
        for (var seed = 0; seed < 100; seed++)
        {
            var key = ApiKeyToken.Create(new RandomSource(seed));
            Assert.Matches("^parley_[A-Za-z0-9_-]{49}$", key);
            Assert.True(ApiKeyToken.IsWellFormed(key));
            Assert.True(ApiKeyToken.IsWellFormed(key[..50]));
        }
    }

    [Fact]
    public void A_key_with_one_other_character_is_malformed()
    {
        var random = new Random(1);
        var key = ApiKeyToken.Create(new RandomSource(1));
        for (var i = 0; i < 2_000; i++)
        {
            var changed = key.ToCharArray();
            var place = random.Next(key.Length);
            changed[place] = (char)random.Next('!', '~');
            Assert.Equal(changed[place] == key[place], ApiKeyToken.IsWellFormed(new string(changed)));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("abc")]
    [InlineData("parley_")]
    [InlineData("parley_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("parley_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("parley_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+")]
    [InlineData("Parley_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("parley_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void Other_texts_are_malformed(string text) => Assert.False(ApiKeyToken.IsWellFormed(text));

    [Fact]
    public void A_key_is_random_and_its_hash_is_stable()
    {
        var random = new RandomSource();
        var key = ApiKeyToken.Create(random);

        Assert.StartsWith("parley_", key, StringComparison.Ordinal);
        Assert.Equal(7 + 43 + 6, key.Length);
        Assert.NotEqual(key, ApiKeyToken.Create(random));
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", ApiKeyToken.Hash("abc"));
    }
}
