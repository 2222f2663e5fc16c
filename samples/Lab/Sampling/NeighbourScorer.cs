using LatentDiffusion;
using LatentDiffusion.Data;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Models.Drawings;
using static TorchSharp.torch;

namespace Lab;

/// <summary>
/// Judges an image by the caption of the most similar drawing. It is cheap and errs, also on real drawings: compare its scores with
/// those.
/// </summary>
internal sealed class NeighbourScorer : IPromptScorer, IDisposable
{
    private readonly PixelFeatures _features = new(size: 16);
    private readonly DrawingCombination[] _combinations;
    private readonly Tensor _set;

    /// <param name="drawings">Drawings with their captions; those that do not name a colour are not used.</param>
    public NeighbourScorer(IEnumerable<CaptionedImage> drawings)
    {
        CaptionedImage[] named = [.. drawings.Where(drawing => DrawingCombination.FromCaption(drawing.Caption).Color.Length > 0)];
        _combinations = [.. named.Select(drawing => DrawingCombination.FromCaption(drawing.Caption))];
        _set = _features.ExtractAll(named.Select(drawing => drawing.Image));
    }

    public string Name => $"the most similar of {_combinations.Length} drawings, by pixels at 16 x 16";

    public IReadOnlyList<PromptScore> Score(ImageBuffer image, string prompt)
    {
        using Tensor features = _features.Extract([image]);
        DrawingCombination found = _combinations[NearestNeighbours.Find(features, _set)[0].Index];
        var asked = DrawingCombination.FromCaption(prompt);
        var scores = new List<PromptScore> { Aspect("subject", found.Subject == asked.Subject) };
        if (asked.Color.Length > 0) scores.Add(Aspect("colour", found.Color == asked.Color));
        if (asked.Attribute.Length > 0) scores.Add(Aspect("attribute", found.Attribute == asked.Attribute));
        return scores;
    }

    public void Dispose() => _set.Dispose();

    private static PromptScore Aspect(string name, bool isRight) => new(name, isRight ? 1 : 0);
}
