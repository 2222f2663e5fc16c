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
        services.AddSingleton<InputImageDecoder>();
        services.AddSingleton(provider => new ReferenceModels(provider.GetService<IModelCatalog>()));
        services.AddOpenApi(options =>
        {
            options.AddOperationTransformer<FieldDescriptions>();
            options.AddDocumentTransformer((document, _, _) =>
            {
                document.Info = new OpenApiInfo { Title = "LatentDiffusion", Version = "v1" };
                return Task.CompletedTask;
            });
        });
    }
}
