using Parley.Core;
using Xunit;

namespace Parley.Tests.Core;

public class IdsTests
{
    private static readonly TenantId Tenant = new(12);
    private static readonly ConversationKey Conversation = new(Tenant, 345);

    [Theory]
    [InlineData("345", true)]
    [InlineData("2147483647", true)]
    [InlineData("0", false)]
    [InlineData("0345", false)]
    [InlineData("-345", false)]
    [InlineData("+345", false)]
    [InlineData(" 345", false)]
    [InlineData("345.0", false)]
    [InlineData("2147483648", false)]
    [InlineData("99999999999999999999", false)]
    [InlineData("٣", false)]
    [InlineData("", false)]
    [InlineData("{08000008-0000-4000-a000-000d217cec9d}", false)]
    public void Conversations_by_integer(string text, bool expected) => Assert.Equal(expected, EntityRef.TryParse<ConversationKey>(text, Tenant, out _));

    [Fact]
    public void A_conversation_by_uuid_is_its_own_tenants_only()
    {
        var uuid = new EntityId(EntityKind.Conversation, Conversation, 0, 42).ToString();

        Assert.True(EntityRef.TryParse<ConversationKey>(uuid, Tenant, out var read));
        Assert.True(EntityRef.TryParse<ConversationKey>(uuid.ToUpperInvariant(), Tenant, out _));
        Assert.Equal(Conversation, read.Key);
        Assert.True(read.Matches(42));
        Assert.False(read.Matches(43));
        Assert.False(EntityRef.TryParse<ConversationKey>(uuid, new TenantId(13), out _));
    }

    [Fact]
    public void A_message_by_integer_is_its_own_conversations_only()
    {
        var integer = new MessageKey(Conversation, 7).IntegerId;

        Assert.Equal(345L * 4_194_304 + 7, integer);
        Assert.True(MessageKey.TryParseIn(Conversation, $"{integer}", out var read));
        Assert.Equal(7, read.Key.Sequence);
        Assert.False(MessageKey.TryParseIn(new ConversationKey(Tenant, 346), $"{integer}", out _));
        Assert.False(MessageKey.TryParseIn(Conversation, $"{345L << 22}", out _));
    }

    [Fact]
    public void A_message_by_uuid_is_its_own_conversations_only()
    {
        var uuid = new EntityId(EntityKind.Message, Conversation, 7, 42).ToString();

        Assert.True(MessageKey.TryParseIn(Conversation, uuid, out var read));
        Assert.Equal(new MessageKey(Conversation, 7), read.Key);
        Assert.False(MessageKey.TryParseIn(new ConversationKey(new TenantId(13), 345), uuid, out _));
        Assert.False(MessageKey.TryParseIn(new ConversationKey(Tenant, 346), uuid, out _));
    }

    [Theory]
    [InlineData("3", true)]
    [InlineData("2147483647", true)]
    [InlineData("0", false)]
    [InlineData("03", false)]
    [InlineData("-3", false)]
    [InlineData("2147483648", false)]
    [InlineData("bot", false)]
    [InlineData("", false)]
    public void Chatbots_by_integer(string text, bool expected)
    {
        Assert.Equal(expected, EntityRef.TryParse<ChatbotKey>(text, Tenant, out var read));
        Assert.Null(read.Check);
    }

    [Fact]
    public void A_chatbot_by_uuid_is_its_own_tenants_only_and_no_sender()
    {
        var uuid = new EntityId(EntityKind.Chatbot, Conversation, 0, 42).ToString();

        Assert.True(EntityRef.TryParse<ChatbotKey>(uuid, Tenant, out var read));
        Assert.True(EntityRef.TryParse<ChatbotKey>(uuid.ToUpperInvariant(), Tenant, out _));
        Assert.Equal(new ChatbotKey(Tenant, 345), read.Key);
        Assert.True(read.Matches(42));
        Assert.False(read.Matches(43));
        Assert.False(EntityRef.TryParse<ChatbotKey>(uuid, new TenantId(13), out _));
        Assert.False(EntityRef.TryParse<SenderKey>(uuid, Tenant, out _));
        Assert.False(EntityRef.TryParse<ChatbotKey>(new EntityId(EntityKind.Sender, Conversation, 0, 42).ToString(), Tenant, out _));
    }

    [Fact]
    public void Integer_ids_stay_exact_in_a_double() =>
        Assert.True(new MessageKey(new ConversationKey(Tenant, int.MaxValue), MessageKey.MaxSequence).IntegerId < 1L << 53);
}
