namespace LatentDiffusion.Models.Drawings;

/// <summary>Content of a caption: a subject, its colour and one attribute.</summary>
/// <param name="Subject">The subject, such as "sea turtle".</param>
/// <param name="Color">The colour, such as "blue and white"; empty if the caption does not name one.</param>
/// <param name="Attribute">The attribute, such as "holding a rock"; empty for none.</param>
public sealed record DrawingCombination(string Subject, string Color, string Attribute)
{
    /// <summary>The combination that a caption describes, in any of the templates.</summary>
    /// <param name="caption">The caption, such as "a drawing of a blue sea turtle holding a rock"; case matters.</param>
    /// <exception cref="ArgumentException">The text is not a caption of the drawings.</exception>
    public static DrawingCombination FromCaption(string caption)
    {
        ArgumentNullException.ThrowIfNull(caption);
        return CaptionTable.Combinations.TryGetValue(caption, out DrawingCombination? combination)
            ? combination
            : throw new ArgumentException(
                $"'{caption}' is not a caption of a drawing; expected one such as '{DrawingCatalog.Prompts[0]}'.", nameof(caption));
    }

    /// <summary>Writes the caption in one of the templates.</summary>
    /// <param name="template">How the caption begins.</param>
    /// <returns>The caption, such as "a drawing of a blue sea turtle holding a rock".</returns>
    public string Caption(DrawingTemplate template)
    {
        string words = Subject;
        if (Color.Length > 0)
        {
            words = Color + " " + words;
        }

        if (Attribute.Length > 0)
        {
            words += " " + Attribute;
        }

        string article = "aeiou".Contains(words[0], StringComparison.Ordinal) ? "an" : "a";
        string opening = template switch
        {
            DrawingTemplate.DrawingOf => "a drawing of ",
            DrawingTemplate.Plain => "",
            DrawingTemplate.CartoonOf => "a cartoon of ",
            DrawingTemplate.PictureOf => "a picture of ",
            _ => throw new ArgumentOutOfRangeException(nameof(template)),
        };
        return opening + article + " " + words;
    }
}
