namespace LatentDiffusion;

/// <summary>Lets text encoders know tokens with learned embeddings.</summary>
internal sealed class TextualInversionFeature(IReadOnlyList<TextualInversion> embeddings) : IPipelineFeature
{
    /// <summary>The tokens.</summary>
    public IReadOnlyList<string> Tokens => [.. embeddings.Select(e => e.Token)];

    public static void AddTo(PipelineAssembly assembly)
    {
        TextualInversion[] given =
            [.. assembly.Choices.All<TextualInversionChoice>().SelectMany(c => TextualInversionFile.Read(c.Path, c.Token))];
        // Those that a LoRA file bundles belong to its patches. A token of the same name takes their place.
        IEnumerable<TextualInversion> bundled = assembly.Choices.All<LoraChoice>()
            .SelectMany(c => TextualInversionFile.ReadBundled(c.Path)).DistinctBy(e => e.Token)
            .ExceptBy(given.Select(e => e.Token), e => e.Token);
        TextualInversion[] all = [.. given, .. bundled];
        if (all.Length == 0) return;
        Func<ITextEncoder, ITextEncoder> before = assembly.TextEncoding;
        string model = assembly.Denoiser.Description.ModelName ?? "the pipeline";
        assembly.TextEncoding = encoder => Add(before(encoder), all, model);
        assembly.Features.Add(new TextualInversionFeature(all));
    }

    public IEnumerable<(string Key, object? Value)> Describe() =>
        [("textual_inversions", embeddings.Select(e => new RecordedEmbedding(e.Source, e.Token)).ToArray())];

    private static ITextEncoder Add(ITextEncoder encoder, IReadOnlyList<TextualInversion> embeddings, string model) =>
        encoder.WithTextualInversion(embeddings) ?? throw new InvalidOperationException(
            $"Learned tokens (textual inversion) need a text encoder that takes embeddings; the one of {model} does not: "
            + $"{nameof(encoder.WithTextualInversion)} of {encoder.GetType().Name} returned null.");
}
