namespace LatentDiffusion.Evaluation;

/// <summary>Judges whether a picture shows what its prompt says, for example a classifier or a model of pictures and texts.</summary>
public interface IPromptScorer
{
    /// <summary>What judges, for reports, with its own accuracy where that is known.</summary>
    string Name { get; }

    /// <summary>Scores one picture.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="prompt">The prompt it was generated from.</param>
    /// <returns>One score for each aspect that the prompt speaks of; none for those it leaves open.</returns>
    IReadOnlyList<PromptScore> Score(ImageBuffer image, string prompt);
}
