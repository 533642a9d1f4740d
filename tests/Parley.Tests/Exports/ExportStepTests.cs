using System.Text.Json;
using Parley.Core;
using Parley.Exports;
using Parley.Storage;
using Xunit;

namespace Parley.Tests.Exports;

/// <summary>Queue messages of exports, and the keys of their rows.</summary>
public sealed class ExportStepTests
{
    private static readonly ExportKey Key = new(new TenantId(12), 345);

    [Fact]
    public void A_message_contains_only_the_step()
    {
        var step = new ExportStep(12, 345, 6);
        Assert.Equal("""{"tenant":12,"export":345,"step":6,"waits":0}""", step.ToJson());
        Assert.Equal(step, ExportStep.Parse(step.ToJson()));
        Assert.Equal(step, ExportStep.Parse("""{"tenant":12,"export":345,"step":6}"""));
        Assert.Equal(Key, step.Key);
        Assert.Equal(new ExportStep(TenantId.Max, int.MaxValue, int.MaxValue), ExportStep.Parse(new ExportStep(TenantId.Max, int.MaxValue, int.MaxValue).ToJson()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"tenant":1,"export":1}""")]
    [InlineData("""{"tenant":0,"export":1,"step":0}""")]
    [InlineData("""{"tenant":16777216,"export":1,"step":0}""")]
    [InlineData("""{"tenant":1,"export":0,"step":0}""")]
    [InlineData("""{"tenant":1,"export":1,"step":-1}""")]
    [InlineData("""{"tenant":1,"export":1,"step":0.5}""")]
    [InlineData("""{"tenant":1,"export":9999999999,"step":0}""")]
    [InlineData("""{"tenant":"1","export":"one","step":0}""")]
    public void Anything_else_is_refused(string json) => Assert.ThrowsAny<JsonException>(() => ExportStep.Parse(json));

    [Fact]
    public void Keys_are_as_documented()
    {
        Assert.Equal("e|0000000345", ExportRowKeys.Export(345));
        Assert.Equal(345, KeyParts.LastNumber(ExportRowKeys.Export(345)));
        Assert.Equal("e|00000012|0000000345|0000000000", ExportRowKeys.ScheduledExport(Key, 0));
        Assert.Equal("e|00000012|0000000345|2147483647", ExportRowKeys.ScheduledExport(Key, int.MaxValue));
        Assert.Equal("e|00000012|0000000345|x", ExportRowKeys.ScheduledExpiry(Key));
        Assert.Equal("e|00000012|0000000345|0000000007|0000000019", ExportRowKeys.ScheduledExport(Key, 7, 19));
        Assert.Equal("e|00000012|0000000345|x|2", ExportRowKeys.ScheduledExpiry(Key, 2));
    }

    [Fact]
    public void Schedule_keys_are_reversible_and_share_a_prefix()
    {
        Assert.Equal((Key, (int?)7, null), ExportRowKeys.ReadScheduledExport(ExportRowKeys.ScheduledExport(Key, 7)));
        Assert.Equal((Key, (int?)7, (int?)19), ExportRowKeys.ReadScheduledExport(ExportRowKeys.ScheduledExport(Key, 7, 19)));
        Assert.Equal((Key, null, null), ExportRowKeys.ReadScheduledExport(ExportRowKeys.ScheduledExpiry(Key)));
        Assert.Equal((Key, null, null), ExportRowKeys.ReadScheduledExport(ExportRowKeys.ScheduledExpiry(Key, 1)));
        Assert.All(new[] { ExportRowKeys.ScheduledExport(Key, 0), ExportRowKeys.ScheduledExport(Key, int.MaxValue), ExportRowKeys.ScheduledExpiry(Key) }, rowKey => Assert.True(
            string.CompareOrdinal(rowKey, ExportRowKeys.ScheduledExports) > 0 && string.CompareOrdinal(rowKey, KeyParts.EndOf(ExportRowKeys.ScheduledExports)) < 0));
        Assert.True(string.CompareOrdinal(ExportRowKeys.Export(9), ExportRowKeys.Export(10)) < 0);
    }

    [Fact]
    public void No_two_steps_share_a_key()
    {
        var keys = new[] { Key, Key with { Number = 346 }, Key with { Tenant = new TenantId(13) } }
            .SelectMany(key => Enumerable.Range(0, 12).Select(step => ExportRowKeys.ScheduledExport(key, step)).Append(ExportRowKeys.ScheduledExpiry(key))).ToList();
        Assert.Equal(keys.Count, keys.Distinct().Count());
    }
}
