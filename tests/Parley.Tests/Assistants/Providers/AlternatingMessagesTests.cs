using Microsoft.Extensions.AI;
using Parley.Assistants.Providers;
using Xunit;

namespace Parley.Tests.Assistants.Providers;

/// <summary>The order of roles that a provider receives.</summary>
public class AlternatingMessagesTests
{
    [Fact]
    public void Neighbours_of_one_role_are_joined_by_a_blank_line() => Assert.Equal(
        ["system: Be brief.", "user: One\n\nTwo", "assistant: A\n\nB", "user: Three"],
        Arrange(
            Message(ChatRole.System, "Be brief."), Message(ChatRole.User, "One"), Message(ChatRole.User, "Two"),
            Message(ChatRole.Assistant, "A"), Message(ChatRole.Assistant, "B", "staff"),
            Message(ChatRole.User, "Three")));

    [Theory]
    [InlineData("Be brief.", "Be brief.\n\n")]
    [InlineData(null, "")]
    public void Messages_before_the_users_first_one_are_instructions(string? instructions, string beginning)
    {
        var system = instructions is null ? [] : new[] { Message(ChatRole.System, instructions) };
        const string Before = "These messages were sent to the customer before the customer's first message below:";

        Assert.Equal(
            [$"system: {beginning}{Before}\n\nassistant: Hello.\n\nstaff: I am Ann.", "user: Hi"],
            Arrange([
                .. system, Message(ChatRole.Assistant, "Hello."), Message(ChatRole.Assistant, "I am Ann.", "staff"),
                Message(ChatRole.User, "Hi"),
            ]));
    }

    [Fact]
    public void Turns_alternate_and_no_text_is_lost()
    {
        ChatRole[] roles = [ChatRole.User, ChatRole.Assistant];
        foreach (var seed in Enumerable.Range(1, 500))
        {
            var random = new Random(seed);
            var said = Enumerable.Range(0, random.Next(12))
                .Select(i => Message(roles[random.Next(2)], $"<{i}>", random.Next(3) == 0 ? "staff" : null))
                .Append(Message(ChatRole.User, "<last>"))
                .ToList();
            var system = random.Next(2) == 0 ? [] : new[] { Message(ChatRole.System, "<system>") };

            var turns = AlternatingMessages.Arrange([.. system, .. said]);

            var talk = turns.SkipWhile(turn => turn.Role == ChatRole.System).ToList();
            Assert.InRange(turns.Count - talk.Count, 0, 1);
            Assert.All(talk.Index(), turn => Assert.Equal(roles[turn.Index % 2], turn.Item.Role));
            Assert.Equal(ChatRole.User, talk[^1].Role);
            var all = string.Concat(turns.Select(turn => turn.Text));
            var places = system.Concat(said)
                .Select(message => all.IndexOf(message.Text, StringComparison.Ordinal))
                .ToList();
            Assert.DoesNotContain(-1, places);
            Assert.Equal(places.Order(), places);
        }
    }

    private static ChatMessage Message(ChatRole role, string text, string? author = null) =>
        new(role, text) { AuthorName = author };

    private static List<string> Arrange(params ChatMessage[] messages) =>
        [.. AlternatingMessages.Arrange(messages).Select(turn => $"{turn.Role.Value}: {turn.Text}")];
}
