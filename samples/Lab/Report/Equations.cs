namespace Lab;

/// <summary>The equations of the report, as MathML.</summary>
internal static class Equations
{
    private const string One = "<mn>1</mn>", Two = "<mn>2</mn>", Equal = "<mo>=</mo>", Plus = "<mo>+</mo>", Minus = "<mo>−</mo>";
    private const string Comma = "<mo>,</mo>", Given = "<mo>|</mo>", Identity = "<mi>I</mi>";
    // Equations stand side by side, and wrap on a narrow screen.
    private const string Next = $"</math>{Math}", Math = "<math displaystyle=\"true\">";
    private const string Q = "<mi>q</mi>", Expectation = "<mi>E</mi>", Epsilon = "<mi>ε</mi>", Step = "<mi>t</mi>";

    private static readonly string s_x = At("x", "t"), s_x0 = At("x", "0"), s_xBefore = Before("<mi>x</mi>");
    private static readonly string s_alpha = At("α", "t"), s_beta = At("β", "t");
    private static readonly string s_bar = $"<msub>{Over("α", "¯")}{Step}</msub>", s_barBefore = Before(Over("α", "¯"));
    private static readonly string s_posteriorMean = $"<msub>{Over("μ", "~")}{Step}</msub>";
    private static readonly string s_posteriorVariance = $"<msub>{Over("β", "~")}{Step}</msub>";
    private static readonly string s_modelMean = At("μ", "θ"), s_variance = SquareAt("σ");
    private static readonly string s_signalGone = $"{One}{Minus}{s_bar}", s_signalGoneBefore = $"{One}{Minus}{s_barBefore}";
    private static readonly string s_prediction = $"{At("ε", "θ")}{In($"{s_x}{Comma}{Step}")}";

    private static readonly string s_error =
        $"<msup><mrow><mo>‖</mo>{Epsilon}{Minus}{s_prediction}<mo>‖</mo></mrow>{Two}</msup>";

    /// <summary>q(x_t|x_0) in closed form.</summary>
    public static string Forward { get; } = Equation(
        Q, In($"{s_x}{Given}{s_x0}"), Equal, Normal($"{Root(s_bar)}{s_x0}", $"{In(s_signalGone)}{Identity}"), Next,
        s_x, Equal, Root(s_bar), s_x0, Plus, Root(s_signalGone), Epsilon);

    /// <summary>q(x_{t−1}|x_t, x_0).</summary>
    public static string Posterior { get; } = Equation(
        Q, In($"{s_xBefore}{Given}{s_x}{Comma}{s_x0}"), Equal, Normal(s_posteriorMean, $"{s_posteriorVariance}{Identity}"));

    /// <summary>μ̃ and β̃.</summary>
    public static string PosteriorMoments { get; } = Equation(
        s_posteriorMean, Equal, Fraction($"{Root(s_barBefore)}{s_beta}", s_signalGone), s_x0, Plus,
        Fraction($"{Root(s_alpha)}{In(s_signalGoneBefore)}", s_signalGone), s_x, Next,
        s_posteriorVariance, Equal, Fraction(s_signalGoneBefore, s_signalGone), s_beta);

    /// <summary>The reverse process.</summary>
    public static string Reverse { get; } = Equation(
        At("p", "θ"), In($"{s_xBefore}{Given}{s_x}"), Equal, Normal(s_modelMean, $"{s_variance}{Identity}"), Next,
        s_modelMean, Equal, Fraction(One, Root(s_alpha)), In($"{s_x}{Minus}{Fraction(s_beta, Root(s_signalGone))}{s_prediction}"));

    /// <summary>The weighted loss of a timestep.</summary>
    public static string WeightedLoss { get; } = Equation(
        Before("<mi>L</mi>"), Equal, Expectation, Brackets($"{At("w", "t")}{s_error}"), Next,
        At("w", "t"), Equal, Fraction(SquareAt("β"), $"{Two}{s_variance}{s_alpha}{In(s_signalGone)}"));

    /// <summary>The simple loss.</summary>
    public static string SimpleLoss { get; } = Equation(
        "<msub><mi>L</mi><mtext>simple</mtext></msub>", Equal, Expectation, Brackets(s_error));

    /// <summary>Cross-attention.</summary>
    public static string Attention { get; } = Equation(
        "<mtext>Attention</mtext>", In($"<mi>Q</mi>{Comma}<mi>K</mi>{Comma}<mi>V</mi>"), Equal,
        "<mtext>softmax</mtext>", In(Fraction("<mi>Q</mi><msup><mi>K</mi><mi>T</mi></msup>", Root("<mi>d</mi>"))), "<mi>V</mi>");

    /// <summary>Classifier-free guidance.</summary>
    public static string Guidance { get; } = Equation(
        Over("ε", "^"), Equal, Epsilon, In("<mi>∅</mi>"), Plus, "<mi>s</mi><mo>·</mo>",
        In($"{Epsilon}{In("<mi>y</mi>")}{Minus}{Epsilon}{In("<mi>∅</mi>")}"));

    private static string Equation(params string[] parts) =>
        $"<div class=\"equation\" tabindex=\"0\">{Math}{string.Concat(parts)}</math></div>\n";

    private static string At(string symbol, string index) => $"<msub><mi>{symbol}</mi><mi>{index}</mi></msub>";

    private static string Before(string symbol) => $"<msub>{symbol}<mrow>{Step}{Minus}{One}</mrow></msub>";

    private static string Over(string symbol, string accent) => $"<mover><mi>{symbol}</mi><mo>{accent}</mo></mover>";

    private static string SquareAt(string symbol) => $"<msubsup><mi>{symbol}</mi>{Step}{Two}</msubsup>";

    private static string Root(string content) => $"<msqrt>{content}</msqrt>";

    private static string In(string content) => $"<mo>(</mo>{content}<mo>)</mo>";

    private static string Brackets(string content) => $"<mo>[</mo>{content}<mo>]</mo>";

    private static string Fraction(string above, string below) => $"<mfrac><mrow>{above}</mrow><mrow>{below}</mrow></mfrac>";

    private static string Normal(string mean, string variance) => $"<mi>N</mi>{In($"{mean}{Comma}{variance}")}";
}
