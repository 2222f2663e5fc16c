namespace LatentDiffusion;

/// <summary>Adapters that prompts name.</summary>
internal sealed class PromptLoraFeature(PromptLoraChoice choice, DiffusionModel model, PromptReader reader) : IPipelineFeature
{
    private readonly PromptLoraFolder _folder = new(choice.Folder);
    private readonly PromptLoraGate _gate = new(model);

    /// <summary>Paths of the files that prompts can name, by their names.</summary>
    public IReadOnlyDictionary<string, string> Files => _folder.Named();

    public static void AddTo(PipelineAssembly assembly)
    {
        if (assembly.Choices.Get<PromptLoraChoice>() is not { } choice) return;
        if (!Directory.Exists(choice.Folder))
            throw new DirectoryNotFoundException($"The folder of LoRAs '{Path.GetFullPath(choice.Folder)}' does not exist.");
        DiffusionModel model = assembly.Model ?? throw ComponentSource.Missing("a model, whose weights LoRA patches");
        Func<ITextEncoder, ITextEncoder> before = assembly.TextEncoding;
        assembly.TextEncoding = encoder => new PromptLoraTextEncoder(before(encoder));
        assembly.Features.Add(new PromptLoraFeature(choice, model, assembly.PromptReader));
    }

    public string ReadPrompt(string prompt) => PromptLora.RemoveFrom(prompt);

    public void Validate(GenerationRequest request, SamplingPlan plan) => _ = Find(request);

    public async ValueTask<IDisposable?> EnterAsync(
        IReadOnlyList<GenerationRequest> requests, bool mayWait, CancellationToken cancellationToken)
    {
        IReadOnlyList<LoraChoice> loras = Find(requests[0]);
        for (int i = 1; i < requests.Count; i++)
        {
            if (!Find(requests[i]).SequenceEqual(loras))
                throw new ArgumentException($"requests[{i}].Prompt names other LoRAs than requests[0]: their images share evaluations.");
        }

        return await _gate.EnterAsync(loras, mayWait, cancellationToken).ConfigureAwait(false);
    }

    private LoraChoice[] Find(GenerationRequest request)
    {
        try
        {
            return
            [
                .. PromptLora.In(reader.WithoutComments(request.Prompt))
                    .Concat(PromptLora.In(reader.WithoutComments(request.NegativePrompt)))
                    .Select(lora => new LoraChoice(_folder.Find(lora.Name), lora.Scale, choice.Unknown)),
            ];
        }
        catch (ArgumentException e)
        {
            throw new ArgumentException(e.Message, nameof(request.Prompt));
        }
    }
}
