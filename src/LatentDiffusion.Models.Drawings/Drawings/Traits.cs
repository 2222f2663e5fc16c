namespace LatentDiffusion.Models.Drawings;

/// <summary>The random properties of one drawing, all drawn from the random numbers at once.</summary>
internal sealed class Traits
{
    private readonly string attribute;

    // The ranges are narrow, as in the work of one illustrator, and all subjects face the same way with light from the upper
    // left, so that a small network can use its capacity for shapes. Training on mirrored drawings gave animals two heads.
    public Traits(string color, string attribute, DrawingRandom random)
    {
        this.attribute = attribute;
        Color = color;
        float hue = random.Between(-3f, 3f);
        float light = random.Between(-0.02f, 0.02f);
        (Main, Second) = Palette.ForColor(color, hue, light);
        ShiftX = random.Between(-0.03f, 0.03f);
        ShiftY = random.Between(-0.03f, 0.03f);
        Scale = random.Between(0.98f, 1.05f);
        // A table stands level. Faces nearly do, or their eyes would not be equally high.
        Tilt = Surface ? 0f : random.Between(-1f, 1f);
        Head = random.Between(0.97f, 1.05f);
        Body = random.Between(0.95f, 1.05f);
        Limb = random.Between(0.94f, 1.06f);
        Ear = random.Between(0.94f, 1.06f);
        EyeSize = random.Between(1.0f, 1.08f);
        Mouth = random.Below(3);
        Pose = random.Between(-0.7f, 0.7f);
        Detail = random.Unit();
        Hair = random.Below(4);
    }

    public string Color { get; }

    /// <summary>Whether the second tone is white, and is to cover large areas.</summary>
    public bool TwoTone => Palette.IsTwoTone(Color);

    public Tones Main { get; }
    public Tones Second { get; }

    public bool Jewel => attribute == AttributeNames.Jewel;
    public bool Cape => attribute is AttributeNames.RedCape or AttributeNames.BlueCape;
    public bool OnHindLegs => attribute == AttributeNames.HindLegs;
    public bool Rock => attribute == AttributeNames.Rock;
    public bool Wings => attribute == AttributeNames.Wings;
    public bool Surface => attribute == AttributeNames.Surface;
    public bool Hat => attribute == AttributeNames.Hat;
    public bool Glasses => attribute == AttributeNames.Glasses;

    /// <summary>The cape's cloth, red or blue independent of the subject's colour.</summary>
    public Tones Cloth => attribute == AttributeNames.BlueCape ? Palette.BlueCloth : Palette.RedCloth;

    /// <summary>Whether the body is so dark that dark eyes would not be visible on it.</summary>
    public bool IsDark => Color is "black" or "brown";

    public float ShiftX { get; }
    public float ShiftY { get; }
    public float Scale { get; }
    public float Tilt { get; }

    public float Head { get; }
    public float Body { get; }
    public float Limb { get; }
    public float Ear { get; }
    public float EyeSize { get; }
    public int Mouth { get; }
    public float Pose { get; }
    public float Detail { get; }
    public int Hair { get; }
}
