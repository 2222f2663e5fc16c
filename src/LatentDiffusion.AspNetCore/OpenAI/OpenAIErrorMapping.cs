namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>The mapping of errors with the names that OpenAI's API has for fields.</summary>
internal static class OpenAIErrorMapping
{
    public static RequestErrorMapping Instance { get; } = new(new Dictionary<string, string>
    {
        [nameof(GenerationRequest.Width)] = "size",
        [nameof(GenerationRequest.Height)] = "size",
        [nameof(GenerationRequest.ImageCount)] = "n",
        [nameof(GenerationRequest.InitialImage)] = "image",
        [nameof(GenerationRequest.ReferenceImages)] = "image",
    });
}
