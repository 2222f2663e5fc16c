namespace LatentDiffusion.Evaluation;

/// <summary>What an evaluation generates: each picture follows from the options' seed and its number.</summary>
internal sealed class Sampling(DiffusionPipeline pipeline, ModelEvaluationOptions options, IProgress<EvaluationProgress>? progress, CancellationToken cancellationToken)
{
    /// <summary>A row for each prompt; null where there is nothing to show.</summary>
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

    /// <summary>One picture a caption, the first with the options' seed and each further one with the next.</summary>
    public GeneratedImage[] FromCaptions(IReadOnlyList<string> captions)
    {
        var images = new GeneratedImage[captions.Count];
        for (int i = 0; i < images.Length; i++)
        {
            images[i] = Generate(captions[i], unchecked(options.Seed + (ulong)i), 1).Images[0];
            progress?.Report(new EvaluationProgress("generated pictures", (i + 1.0) / images.Length));
        }

        return images;
    }

    private GenerationResult Generate(string prompt, ulong seed, int count) => pipeline.Generate(
        new GenerationRequest { Prompt = prompt, Seed = seed, Count = count, Steps = options.Steps, GuidanceScale = options.GuidanceScale },
        null, cancellationToken);
}
