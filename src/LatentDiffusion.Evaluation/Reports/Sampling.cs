namespace LatentDiffusion.Evaluation;

/// <summary>Generates the images of an evaluation. Each image depends on the options' seed and its index.</summary>
internal sealed class Sampling(
    DiffusionPipeline pipeline, ModelEvaluationOptions options, IProgress<EvaluationProgress>? progress,
    CancellationToken cancellationToken)
{
    /// <summary>A row for each prompt; null if nothing can be shown.</summary>
    public PromptSamples? Sheet(IReadOnlyList<string> prompts)
    {
        if (prompts.Count == 0 || options.SheetColumns == 0) return null;
        var rows = new List<IReadOnlyList<ImageBuffer>>();
        foreach (string prompt in prompts)
        {
            rows.Add([.. Generate(prompt, options.Seed, options.SheetColumns).Images.Select(i => i.Image)]);
            progress?.Report(new EvaluationProgress("sample sheet", (double)rows.Count / prompts.Count));
        }

        return new PromptSamples(prompts, options.Seed, options.SheetColumns) { Rows = rows };
    }

    /// <summary>One image per caption, with seeds increasing from the options' seed.</summary>
    public GeneratedImage[] FromCaptions(IReadOnlyList<string> captions)
    {
        var images = new GeneratedImage[captions.Count];
        for (int i = 0; i < images.Length; i++)
        {
            images[i] = Generate(captions[i], unchecked(options.Seed + (ulong)i), 1).Images[0];
            progress?.Report(new EvaluationProgress("generated images", (i + 1.0) / images.Length));
        }

        return images;
    }

    private GenerationResult Generate(string prompt, ulong seed, int count) => pipeline.Generate(
        new GenerationRequest
        {
            Prompt = prompt, Seed = seed, ImageCount = count, Steps = options.Steps, GuidanceScale = options.GuidanceScale,
        },
        null, cancellationToken);
}
