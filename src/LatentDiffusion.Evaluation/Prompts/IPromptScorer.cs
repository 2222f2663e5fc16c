namespace LatentDiffusion.Evaluation;

/// <summary>Judges whether an image shows its prompt, for example a classifier or an image-text model.</summary>
public interface IPromptScorer
{
    /// <summary>Describes the scorer for reports, with its accuracy if known.</summary>
    string Name { get; }

    /// <summary>Scores one image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="prompt">The prompt it was generated from.</param>
    /// <returns>One score for each aspect that the prompt mentions.</returns>
    IReadOnlyList<PromptScore> Score(ImageBuffer image, string prompt);
}
