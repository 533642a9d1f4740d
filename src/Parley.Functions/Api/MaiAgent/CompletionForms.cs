using System.Globalization;
using Microsoft.AspNetCore.Http;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Completions;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Functions.Api.Dialects;
using Parley.Functions.Api.Responses;
using Parley.Senders;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>The answers with completions, in the form of one dialect.</summary>
/// <param name="NewConversation">Creates the conversation of a message that names none.</param>
/// <param name="Respond">Answers with a completion that is not streamed.</param>
/// <param name="Event">
/// Writes an event of a stream, from its number and its JSON. The JSON has no line breaks, so one data line is enough.
/// </param>
internal sealed record CompletionForms(
    Func<Chatbot, NewMessage, NewConversation> NewConversation,
    Func<Completion, AnswerHeaders, IResult> Respond,
    Func<int, string, string> Event)
{
    public static readonly PerDialect<CompletionForms> All =
        new(new CompletionForms((chatbot, _) => CompletionCommands.Plain(chatbot), Parley, ParleyEvent))
        {
            Maiagent = new CompletionForms(InWebChat, Maiagent, MaiagentEvent),
        };

    /// <summary>MaiAgent's clients read the inbox and the contact of every conversation.</summary>
    private static NewConversation InWebChat(Chatbot chatbot, NewMessage message)
    {
        var plain = CompletionCommands.Plain(chatbot) with { WebChat = chatbot.Id };
        return message.Sender is { Entity: SenderEntity.ExternalUser } sender
            ? plain with { Contact = $"{sender.Id}" }
            : plain with { FirstName = MaiAgentContact.Visitor };
    }

    private static JsonResult<CompletionResponse> Parley(Completion completion, AnswerHeaders headers) =>
        new(CompletionResponse.Of(completion), MaiAgentJson.Default.CompletionResponse, headers.Status)
        {
            Replayed = headers.Replayed,
            Location = headers.Location,
        };

    private static JsonResult<MaiAgentCompletion> Maiagent(Completion completion, AnswerHeaders headers) =>
        new(MaiAgentCompletion.Of(completion), MaiAgentDialectJson.Default.MaiAgentCompletion, headers.Status)
        {
            Replayed = headers.Replayed,
            Location = headers.Location,
        };

    private static string ParleyEvent(int number, string json) =>
        string.Create(CultureInfo.InvariantCulture, $"id: {number}\ndata: {json}\n\n");

    /// <summary>
    /// MaiAgent's clients look at the start of a frame, so it is the data alone. A block without data makes no event,
    /// but sets the id from which a stream is resumed (WHATWG HTML, section 9.2.6).
    /// </summary>
    private static string MaiagentEvent(int number, string json) =>
        string.Create(CultureInfo.InvariantCulture, $"data: {json}\n\nid: {number}\n\n");
}
