using Microsoft.AspNetCore.Http;
using Parley.Conversations;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>The answers with conversations, and what completes new ones, in the form of one dialect.</summary>
public interface IConversationForms
{
    /// <summary>Adds to a valid request what its clients leave out.</summary>
    Task<NewConversation> CompleteAsync(Call call, NewConversation draft);

    Task<IResult> RespondAsync(Call call, Conversation conversation, AnswerHeaders headers);

    Task<IResult> RespondAsync(Call call, ConversationPage page);
}
