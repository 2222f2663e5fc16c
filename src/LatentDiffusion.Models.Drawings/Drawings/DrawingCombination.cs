namespace LatentDiffusion.Models.Drawings;

/// <summary>Content of a caption: a subject, its colour and one attribute.</summary>
/// <param name="Subject">The subject, such as "sea turtle".</param>
/// <param name="Color">The colour, such as "blue and white"; empty if the caption does not name one.</param>
/// <param name="Attribute">The attribute, such as "holding a rock"; empty for none.</param>
public sealed record DrawingCombination(string Subject, string Color, string Attribute)
{
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
