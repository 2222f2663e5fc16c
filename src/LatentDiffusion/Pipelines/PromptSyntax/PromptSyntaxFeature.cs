namespace LatentDiffusion;

/// <summary>Lets prompts change from step to step.</summary>
internal sealed class PromptSyntaxFeature(PromptSyntaxOptions options) : IPipelineFeature
{
    public static void AddTo(PipelineAssembly assembly)
    {
        if (assembly.Choices.Get<PromptSyntaxOptions>() is not { } options) return;
        assembly.PromptReader = new PromptReader(options);
        assembly.Features.Add(new PromptSyntaxFeature(options));
    }

    public IEnumerable<(string Key, object? Value)> Describe() => [("prompt_syntax", options)];
}
