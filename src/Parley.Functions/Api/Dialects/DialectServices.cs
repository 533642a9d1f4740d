using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Parley.Functions.Api.Flextell;
using Parley.Functions.Api.MaiAgent;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.Dialects;

/// <summary>Registers the handlers and the forms of the dialects.</summary>
internal static class DialectServices
{
    private static readonly PerDialect<ProblemFormat> Problems = new(ProblemResult.Standard)
    {
        Flextell = new ProblemFormat(FlextellProblem.Write),
        Maiagent = new ProblemFormat(DjangoProblems.Create),
    };

    public static IServiceCollection AddDialects(this IServiceCollection services) => services
        .AddSingleton(new ProblemFormats(context => Problems[ResponseDialect.Of(context)]))
        .AddSingleton(new PerDialect<Func<HttpRequest, string?>>(RequestHeaders.ReadTenant)
        {
            Flextell = TenantHeader.Read,
        })
        .AddSingleton(Conversations)
        .AddSingleton(provider => new PerDialect<IMessageForms>(provider.Create<ParleyMessageForms>())
        {
            Maiagent = provider.Create<MaiAgentMessageForms>(),
        })
        .AddSingleton(provider => new PerDialect<IChatbotForms>(provider.Create<ParleyChatbotForms>())
        {
            Maiagent = provider.Create<MaiAgentChatbotForms>(),
        });

    private static PerDialect<IConversationHandlers> Conversations(IServiceProvider provider)
    {
        var parley = provider.Create<MaiAgent.ConversationHandlers>(provider.Create<ParleyConversationForms>());
        return new PerDialect<IConversationHandlers>(parley)
        {
            Flextell = provider.Create<Flextell.ConversationHandlers>(parley),
            Maiagent = provider.Create<MaiAgent.ConversationHandlers>(provider.Create<MaiAgentConversationForms>()),
        };
    }

    private static T Create<T>(this IServiceProvider provider, params object[] given) =>
        ActivatorUtilities.CreateInstance<T>(provider, given);
}
