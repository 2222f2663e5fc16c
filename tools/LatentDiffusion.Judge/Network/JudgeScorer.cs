using LatentDiffusion.Evaluation;
using LatentDiffusion.Models.Drawings;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>The judge as a scorer of prompts: subject, colour if the caption names one, and attribute.</summary>
internal sealed class JudgeScorer(Classifier judge) : IPromptScorer
{
    public const string Subject = "subject", Color = "colour", Attribute = "attribute";

    public string Name => "a classifier trained on drawings";

    public IReadOnlyList<PromptScore> Score(ImageBuffer image, string prompt)
    {
        var asked = DrawingCombination.FromCaption(prompt);
        using Tensor pixels = ImageTensor.FromImage(image);
        Classification seen = judge.Judge(pixels)[0];
        var scores = new List<PromptScore>
        {
            new(Subject, seen.Subject.RelativeProbability(asked.Subject)),
            new(Attribute, seen.Attribute.RelativeProbability(asked.Attribute)),
        };
        if (asked.Color.Length > 0) scores.Insert(1, new PromptScore(Color, seen.Color.RelativeProbability(asked.Color)));
        return scores;
    }
}
