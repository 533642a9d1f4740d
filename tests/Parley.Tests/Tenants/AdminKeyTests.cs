using System.Text.Json;
using Parley.DevHost.Common;
using Parley.Tenants;
using Xunit;

namespace Parley.Tests.Tenants;

public class AdminKeyTests
{
    private const string Good = "0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("x", false)]
    [InlineData("0123456789abcdef0123456789abcde", false)]
    [InlineData(AdminKey.Sample, false)]
    [InlineData(Good, true)]
    public void A_short_key_and_the_samples_are_never_accepted(string? setting, bool isUsable)
    {
        Assert.Equal(isUsable, AdminKey.FindProblem(setting) is null);
        Assert.Equal(isUsable, AdminKey.Matches($"Bearer {setting}", setting));
    }

    [Theory]
    [InlineData("Bearer " + Good, true)]
    [InlineData("bearer  " + Good + " ", true)]
    [InlineData(Good, false)]
    [InlineData("Bearer " + Good + "0", false)]
    [InlineData(null, false)]
    public void The_header_must_have_the_key(string? header, bool matches) => Assert.Equal(matches, AdminKey.Matches(header, Good));

    [Fact]
    public void The_sample_is_the_one_in_the_sample_file()
    {
        using var sample = JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Root, "local.settings.sample.json")));
        Assert.Equal(AdminKey.Sample, sample.RootElement.GetProperty("Values").GetProperty("Parley__AdminKey").GetString());
        Assert.True(AdminKey.Sample.Length >= AdminKey.MinLength);
    }
}
