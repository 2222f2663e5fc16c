namespace LatentDiffusion.Prompting;

/// <summary>
/// What a prompt says in each step of each pass: a sum of texts with weights (Liu et al. 2022, equation 11), which is one text with the
/// weight 1 unless the prompt is composed.
/// </summary>
internal sealed class PromptTimeline
{
    private readonly IReadOnlyList<(double Weight, IReadOnlyList<PromptSchedule> Passes)> _parts;
    private readonly List<string> _texts = [];

    /// <param name="parts">At least one, each with a schedule for each pass.</param>
    public PromptTimeline(IReadOnlyList<(double Weight, IReadOnlyList<PromptSchedule> Passes)> parts)
    {
        _parts = parts;
        foreach (string text in parts.SelectMany(p => p.Passes).SelectMany(s => s.Entries).Select(e => e.Text))
            if (!_texts.Contains(text)) _texts.Add(text);
    }

    private PromptTimeline(string text) => (_parts, _texts) = ([], [text]);

    /// <summary>All texts, each once; the first is that of the first step.</summary>
    public IReadOnlyList<string> Texts => _texts;

    /// <summary>Whether it is one text in all steps.</summary>
    public bool IsConstant => _texts.Count == 1 && _parts is [] or [(1, _)];

    /// <summary>Whether the unconditional prediction is part of the sum: whether the weights do not add up to 1.</summary>
    public bool NeedsUnconditional => _parts.Count > 0 && TotalWeight != 1;

    private double TotalWeight => _parts.Sum(p => p.Weight);

    /// <summary>One text in all steps.</summary>
    public static PromptTimeline Constant(string text) => new(text);

    /// <summary>The texts of a step, as indices into <see cref="Texts"/>, with their weights.</summary>
    /// <param name="pass">The pass, from 0.</param>
    /// <param name="step">The step, from 1.</param>
    public IReadOnlyList<(int Text, double Weight)> At(int pass, int step) =>
        _parts.Count == 0 ? [(0, 1)] : [.. _parts.Select(p => (_texts.IndexOf(p.Passes[pass].TextAt(step)), p.Weight))];
}
