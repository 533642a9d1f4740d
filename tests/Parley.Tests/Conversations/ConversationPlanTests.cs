using System.Text.Json;
using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Core;
using Parley.Storage;
using Xunit;

namespace Parley.Tests.Conversations;

/// <summary>A plan that storage would refuse is a defect of a feature's part, found before it is sent.</summary>
public sealed class ConversationPlanTests
{
    private static readonly ConversationKey Key = new(new TenantId(1), 1);

    [Fact]
    public void A_plan_of_a_hundred_operations_fits_and_one_of_more_does_not()
    {
        var plan = NewPlan();
        for (var i = 0; i < Transactions.MaxOperations; i++)
        {
            plan.Add(Row($"{i}", "text"));
        }

        Assert.Equal(Transactions.MaxOperations, plan.Operations().Count);
        plan.Add(Row("more", "text"));
        Assert.Throws<InvalidOperationException>(plan.Operations);
    }

    [Theory]
    [InlineData('a')]
    [InlineData('"')]
    [InlineData('é')]
    [InlineData('語')]
    [InlineData('\u0001')]
    public void A_plan_that_exceeds_the_size_of_a_transaction_is_refused(char letter)
    {
        var plan = NewPlan();
        var text = new string(letter, 30_000);
        var bytes = 0;
        for (var i = 0; bytes <= Transactions.MaxBytes; i++)
        {
            plan.Add(Row($"{i}", text));
            bytes += JsonSerializer.SerializeToUtf8Bytes(text).Length;
        }

        Assert.Throws<InvalidOperationException>(plan.Operations);
    }

    [Theory]
    [InlineData('a', 34)]
    [InlineData('語', 5)]
    public void The_largest_texts_of_a_message_fit(char letter, int texts)
    {
        // A message has at most 100,000 characters, and its payloads less.
        var plan = NewPlan();
        for (var i = 0; i < texts; i++)
        {
            plan.Add(Row($"{i}", new string(letter, 100_000)));
        }

        Assert.Equal(texts, plan.Operations().Count);
    }

    private static ConversationPlan NewPlan() => new(Key, "id", new HashSet<string> { "id" }, [], DateTimeOffset.UnixEpoch);

    private static TableEntity Row(string rowKey, string text) => new(Key.PartitionKey, rowKey) { ["Text"] = text };
}
