using Microsoft.AspNetCore.Http;
using Parley.Assistants.Chatbots;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>The answers with chatbots, in the form of one dialect.</summary>
public interface IChatbotForms
{
    IResult Respond(Chatbot chatbot, AnswerHeaders headers);

    /// <summary>The answer to a deletion.</summary>
    IResult RespondDeleted(Chatbot chatbot);

    Task<IResult> ListAsync(Call call);
}
