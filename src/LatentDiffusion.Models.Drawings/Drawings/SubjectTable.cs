using static LatentDiffusion.Models.Drawings.AttributeNames;

namespace LatentDiffusion.Models.Drawings;

/// <summary>Every subject: its name, the attributes it takes, and who draws it.</summary>
internal static class SubjectTable
{
    public static IReadOnlyList<SubjectEntry> Entries { get; } =
    [
        new("star", new Star(), [None, Jewel, Surface, Hat, Glasses]),
        new("woman", new Woman(), [None, RedCape, BlueCape, Rock, Hat, Glasses]),
        new("dragon", new Dragon(), [None, Jewel, RedCape, BlueCape, HindLegs, Rock, Wings, Surface, Hat, Glasses]),
        new("sea turtle", new SeaTurtle(), [None, Jewel, Rock, Surface, Hat, Glasses]),
        new("bird", new Bird(), [None, RedCape, BlueCape, Wings, Surface, Hat, Glasses]),
        new("stuffed animal", new StuffedAnimal(), [None, Jewel, RedCape, BlueCape, Rock, Surface, Hat, Glasses]),
        new("cat", new Cat(), [None, RedCape, BlueCape, HindLegs, Rock, Surface, Hat, Glasses]),
        new("dog", new Dog(), [None, RedCape, BlueCape, HindLegs, Rock, Surface, Hat, Glasses]),
        new("rabbit", new Rabbit(), [None, RedCape, BlueCape, HindLegs, Rock, Surface, Hat, Glasses]),
        new("fox", new Fox(), [None, RedCape, BlueCape, HindLegs, Rock, Surface, Hat, Glasses]),
        new("bear", new Bear(), [None, RedCape, BlueCape, HindLegs, Rock, Surface, Hat, Glasses]),
        new("mouse", new Mouse(), [None, RedCape, BlueCape, HindLegs, Rock, Surface, Hat, Glasses]),
        new("fish", new Fish(), [None, Jewel, Surface, Hat, Glasses]),
        new("whale", new Whale(), [None, Jewel, Surface, Hat, Glasses]),
        new("penguin", new Penguin(), [None, Jewel, RedCape, BlueCape, Rock, Wings, Surface, Hat, Glasses]),
        new("owl", new Owl(), [None, Jewel, RedCape, BlueCape, Wings, Surface, Hat, Glasses]),
        new("butterfly", new Butterfly(), [None, Wings, Surface, Hat, Glasses]),
        new("snail", new Snail(), [None, Jewel, Surface, Hat, Glasses]),
        new("frog", new Frog(), [None, Jewel, RedCape, BlueCape, Rock, Surface, Hat, Glasses]),
        new("snake", new Snake(), [None, Rock, Surface, Hat, Glasses]),
        new("mushroom", new Mushroom(), [None, Jewel, Surface, Hat, Glasses]),
        new("flower", new Flower(), [None, Jewel, Surface, Hat, Glasses]),
        new("ghost", new Ghost(), [None, Jewel, RedCape, BlueCape, Rock, Surface, Hat, Glasses]),
        new("robot", new Robot(), [None, Jewel, RedCape, BlueCape, Rock, Surface, Hat, Glasses]),
    ];

    /// <summary>The entry of a subject.</summary>
    public static SubjectEntry Find(string name) =>
        Entries.FirstOrDefault(entry => entry.Name == name)
        ?? throw new ArgumentException($"The subject '{name}' does not exist.", nameof(name));
}
