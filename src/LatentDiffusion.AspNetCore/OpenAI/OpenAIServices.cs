using Microsoft.OpenApi;

namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>Registration of what the OpenAI images API needs.</summary>
internal static class OpenAIServices
{
    public static void AddOpenAIImages(this IServiceCollection services)
    {
        services.AddSingleton<ServerStart>();
        services.AddSingleton<ImageJobFactory>();
        services.AddSingleton<ImageAnswers>();
        services.AddSingleton<ReferenceModels>();
        services.AddOpenApi(LatentDiffusionServerDefaults.DocumentName, options =>
        {
            options.ShouldInclude = endpoint => endpoint.GroupName == LatentDiffusionServerDefaults.DocumentName;
            options.AddOperationTransformer<FieldDescriptions>();
            options.AddDocumentTransformer((document, _, _) =>
            {
                document.Info = new OpenApiInfo { Title = "LatentDiffusion", Version = "v1" };
                return Task.CompletedTask;
            });
        });
    }
}
