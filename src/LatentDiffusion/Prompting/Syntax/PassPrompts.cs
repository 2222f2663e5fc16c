namespace LatentDiffusion.Prompting;

/// <summary>The conditioning of one image's prompts in each step of a pass.</summary>
internal sealed class PassPrompts
{
    private readonly EncodedPrompts _prompts;
    private readonly int _pass, _steps;
    private readonly Conditioning[] _texts, _negatives;

    /// <param name="prompts">The prompts of its request.</param>
    /// <param name="pass">The pass, from 0.</param>
    /// <param name="steps">Number of steps that the pass makes.</param>
    /// <param name="condition">Adds to the conditioning what the pass needs besides the texts.</param>
    public PassPrompts(
        EncodedPrompts prompts, int pass, int steps,
        Func<(Conditioning Text, Conditioning? Negative), (Conditioning Text, Conditioning? Negative)> condition)
    {
        (_prompts, _pass, _steps) = (prompts, pass, steps);
        _texts = [.. prompts.Texts.Select(text => condition((text, null)).Text)];
        _negatives = [.. prompts.NegativeTexts.Select(negative => condition((prompts.Text, negative)).Negative!)];
    }

    /// <summary>
    /// The step of an evaluation, both counted from 0. Methods with inner stages evaluate several times a step, and PNDM more often in its
    /// first steps.
    /// </summary>
    public static int StepAt(int evaluation, SamplingPlan plan) =>
        (int)((long)evaluation * (plan.Options.Steps - plan.Options.BeginStep) / plan.Evaluations);

    /// <summary>The texts of the prompt in a step, counted from 0, with their weights.</summary>
    public IReadOnlyList<(Conditioning Text, double Weight)> TextsAt(int step) =>
        [.. _prompts.Prompts.Prompt.At(_pass, Number(step)).Select(t => (_texts[t.Text], t.Weight))];

    /// <summary>The negative prompt in a step, counted from 0.</summary>
    public Conditioning NegativeAt(int step) => _negatives[_prompts.Prompts.Negative.At(_pass, Number(step))[0].Text];

    private int Number(int step) => Math.Min(step + 1, _steps);
}
