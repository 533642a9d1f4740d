using Parley.Core;
using Parley.Functions.Api.Admin;
using Xunit;

namespace Parley.Tests.Functions.Api.Admin;

public sealed class AdminIdsTests
{
    [Theory]
    [InlineData("1", 1)]
    [InlineData("2147483647", int.MaxValue)]
    public void A_key_has_one_spelling(string id, int number) => Assert.Equal(number, AdminIds.Key(id));

    [Theory]
    [InlineData("007")]
    [InlineData("0")]
    [InlineData("")]
    [InlineData("+7")]
    [InlineData("-7")]
    [InlineData(" 7")]
    [InlineData("7\0")]
    [InlineData("\u0667")]
    [InlineData("2147483648")]
    [InlineData("99999999999999999999")]
    public void Another_spelling_is_an_unknown_key(string id) =>
        Assert.Equal(ErrorCode.KeyNotFound, Assert.Throws<ParleyException>(() => AdminIds.Key(id)).Code);
}
