namespace LatentDiffusion.Evaluation;

/// <summary>Trend of a validation loss.</summary>
public enum ConvergenceVerdict
{
    /// <summary>Too few validations to judge.</summary>
    TooEarly,

    /// <summary>It falls: the whole interval of its slope lies below zero. More training lowers it further.</summary>
    StillFalling,

    /// <summary>Neither rise nor fall can be distinguished from noise: the interval of the slope contains zero.</summary>
    Flat,

    /// <summary>It rises: the whole interval lies above zero. The model has begun to memorize its images.</summary>
    Rising,
}
