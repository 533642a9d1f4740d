using System.Text.Json;
using Parley.Exports;
using Parley.Storage;
using Xunit;

namespace Parley.Tests.Exports;

/// <summary>Messages of the queues, and the keys by which exports are found.</summary>
public sealed class ExportStepTests
{
    private static readonly ExportKey Key = new(new TenantId(12), 345);

    [Fact]
    public void A_message_names_the_step_and_nothing_else()
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
    public void Keys_are_as_the_documentation_says()
    {
        Assert.Equal("e|0000000345", RowKeys.Export(345));
        Assert.Equal(345, RowKeys.LastNumber(RowKeys.Export(345)));
        Assert.Equal("e|00000012|0000000345|0000000000", RowKeys.ScheduledExport(Key, 0));
        Assert.Equal("e|00000012|0000000345|2147483647", RowKeys.ScheduledExport(Key, int.MaxValue));
        Assert.Equal("e|00000012|0000000345|x", RowKeys.ScheduledExpiry(Key));
    }

    [Fact]
    public void Keys_in_Due_are_reversible_and_found_by_their_beginning()
    {
        Assert.Equal((Key, (int?)7), RowKeys.ReadScheduledExport(RowKeys.ScheduledExport(Key, 7)));
        Assert.Equal((Key, null), RowKeys.ReadScheduledExport(RowKeys.ScheduledExpiry(Key)));
        Assert.All(new[] { RowKeys.ScheduledExport(Key, 0), RowKeys.ScheduledExport(Key, int.MaxValue), RowKeys.ScheduledExpiry(Key) }, rowKey => Assert.True(
            string.CompareOrdinal(rowKey, RowKeys.ScheduledExports) > 0 && string.CompareOrdinal(rowKey, RowKeys.EndOf(RowKeys.ScheduledExports)) < 0));
        Assert.True(string.CompareOrdinal(RowKeys.Export(9), RowKeys.Export(10)) < 0);
    }

    [Fact]
    public void No_two_steps_share_a_key()
    {
        var keys = new[] { Key, Key with { Number = 346 }, Key with { Tenant = new TenantId(13) } }
            .SelectMany(key => Enumerable.Range(0, 12).Select(step => RowKeys.ScheduledExport(key, step)).Append(RowKeys.ScheduledExpiry(key))).ToList();
        Assert.Equal(keys.Count, keys.Distinct().Count());
    }
}
