using Microsoft.Extensions.Configuration;
using Parley.Core;
using Parley.Tenants.Limits;
using Xunit;

namespace Parley.Tests.Tenants.Limits;

public class RateOptionsTests
{
    [Fact]
    public void Without_settings_nothing_is_limited() => Assert.Empty(Read().Of(new TenantId(1)));

    [Fact]
    public void A_tenant_may_have_rates_of_its_own()
    {
        var options = Read(
            ("Limits:Tenant:Requests", "600/60s"),
            ("Limits:Tenant:Bytes", "1000000/10s"),
            ("Limits:Key:Messages", "5/1s"),
            ("Limits:Tenants:7:Requests", "6000/60s"),
            ("Limits:Tenants:7:Exports", "1/3600s"),
            ("Limits:Tenants:8:requests", "off"),
            ("Limits:Tenants:9:Messages", ""));

        Assert.Equal(["tenant-requests 600/60", "tenant-bytes 1000000/10", "key-messages 5/1"], Shown(options, 1));
        Assert.Equal(["tenant-requests 6000/60", "tenant-exports 1/3600", "tenant-bytes 1000000/10", "key-messages 5/1"], Shown(options, 7));
        Assert.Equal(["tenant-bytes 1000000/10", "key-messages 5/1"], Shown(options, 8));
        Assert.Equal(Shown(options, 1), Shown(options, 9));
        Assert.Same(options.Of(new TenantId(7)), options.Of(new TenantId(7)));
    }

    [Theory]
    [InlineData("Limits:Tenant:Requests", "600", "Limits__Tenant__Requests must be COUNT/SECONDSs")]
    [InlineData("Limits:Tenant:Requests", "600/60", "Limits__Tenant__Requests must be")]
    [InlineData("Limits:Tenant:Requests", "0/60s", "Limits__Tenant__Requests must be")]
    [InlineData("Limits:Tenant:Requests", "1/0s", "Limits__Tenant__Requests must be")]
    [InlineData("Limits:Tenant:Requests", "1/100000s", "Limits__Tenant__Requests must be")]
    [InlineData("Limits:Tenant:Requests", "1000000000000/1s", "Limits__Tenant__Requests must be")]
    [InlineData("Limits:Tenant:Requests", "-1/1s", "Limits__Tenant__Requests must be")]
    [InlineData("Limits:Tenant:Requests", "1/1s\n", "Limits__Tenant__Requests must be")]
    [InlineData("Limits:Key:Bytes", "Off", "Limits__Key__Bytes must be")]
    [InlineData("Limits:Key:Calls", "1/1s", "There is no setting Limits__Key__Calls")]
    [InlineData("Limits:Tenants:7:Exports", "x", "Limits__Tenants__7__Exports must be")]
    [InlineData("Limits:Tenants:7:Export", "1/1s", "There is no setting Limits__Tenants__7__Export:")]
    [InlineData("Limits:Keys:Requests", "1/1s", "There is no setting Limits__Keys: after Limits__ comes Tenant, Key, Tenants, RunningCompletions,")]
    [InlineData("Limits:Listener", "10", "There is no setting Limits__Listener:")]
    [InlineData("Limits:Requests", "1/1s", "There is no setting Limits__Requests:")]
    [InlineData("Limits:Tenants:0:Exports", "1/1s", "Limits__Tenants__0 must name a tenant")]
    [InlineData("Limits:Tenants:demo:Exports", "1/1s", "Limits__Tenants__demo must name a tenant")]
    public void An_invalid_setting_is_refused_at_the_start(string name, string value, string reason) =>
        Assert.StartsWith(reason, Assert.Throws<StartUpException>(() => Read((name, value))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("100000")]
    [InlineData("many")]
    public void A_bound_is_a_whole_number(string value) =>
        Assert.Equal(
            "Limits__Uploads must be a whole number from 1 to 99999.",
            Assert.Throws<StartUpException>(() => BoundOptions.Read(Settings(("Limits:Uploads", value)))).Message);

    [Fact]
    public void Names_of_rates_and_bounds_are_accepted_in_any_case() =>
        Assert.Equal(
            ["tenant-requests 1/1"],
            Shown(Read(("limits:tenant:Requests", "1/1s"), ("Limits:listeners", "7"), ("Limits:RunningCompletions", "7"), ("Limits:Uploads", "7"), ("Limits:Downloads", "7")), 1));

    [Fact]
    public void Bounds_have_defaults()
    {
        Assert.Equal(BoundOptions.Default, BoundOptions.Read(Settings(("Limits:Uploads", ""))));
        Assert.Equal(BoundOptions.Default with { Listeners = 7 }, BoundOptions.Read(Settings(("Limits:Listeners", "7"))));
    }

    private static IEnumerable<string> Shown(RateOptions options, int tenant) =>
        options.Of(new TenantId(tenant)).Select(policy => $"{policy.Name} {policy.Rate.Count}/{policy.Rate.Seconds}");

    internal static RateOptions Read(params (string Name, string? Value)[] settings) => RateOptions.Read(Settings(settings));

    private static IConfiguration Settings(params (string Name, string? Value)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(one => one.Name, one => one.Value)).Build();
}
