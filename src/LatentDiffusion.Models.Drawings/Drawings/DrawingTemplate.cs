namespace LatentDiffusion.Models.Drawings;

/// <summary>How a caption begins.</summary>
public enum DrawingTemplate
{
    /// <summary>"a drawing of a ...".</summary>
    DrawingOf,

    /// <summary>"a ...", without any introduction.</summary>
    Plain,

    /// <summary>"a cartoon of a ...".</summary>
    CartoonOf,

    /// <summary>"a picture of a ...".</summary>
    PictureOf,
}
