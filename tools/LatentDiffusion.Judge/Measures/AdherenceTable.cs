using LatentDiffusion.Evaluation;

namespace LatentDiffusion.Judge;

/// <summary>How often subject, colour, attribute and all three are right, one row per set of images.</summary>
internal sealed class AdherenceTable
{
    private static readonly string[] s_head = ["", "images", "subject", "colour", "attribute", "all three"];

    private readonly List<string[]> _rows = [];

    /// <summary>Adds a set of images.</summary>
    public void Add(string name, PromptAdherence adherence) => _rows.Add(
    [
        name,
        $"{adherence.ImageCount}",
        Percent.Format(Aspect(adherence, JudgeScorer.Subject)),
        Percent.Format(Aspect(adherence, JudgeScorer.Color)),
        Percent.Format(Aspect(adherence, JudgeScorer.Attribute)),
        Percent.Format(adherence.All),
    ]);

    /// <summary>The table in Markdown.</summary>
    public override string ToString() => Table.Markdown(s_head, _rows);

    private static Proportion? Aspect(PromptAdherence adherence, string aspect) =>
        adherence.Aspects.FirstOrDefault(a => a.Aspect == aspect)?.Right;
}
